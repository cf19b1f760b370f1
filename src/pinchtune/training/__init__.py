"""Tuning: batches, loss, checkpoints and the loop; meets evaluation only through files."""
