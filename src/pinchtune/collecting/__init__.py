"""What is known about collected examples: checks, spreadsheets, terms, the card.

Functions over records of the store; nothing here opens a database, a model or a page.
"""
