"""Tokenizers, the chat template, weights and decoding; knows no project and no judge."""
