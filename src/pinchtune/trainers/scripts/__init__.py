"""Scripts that are copied into exported folders; they know nothing of pinchtune."""
