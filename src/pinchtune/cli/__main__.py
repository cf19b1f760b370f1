"""`python -m pinchtune.cli` is `pinch`."""

from pinchtune.cli.main import main

if __name__ == "__main__":
    main()
