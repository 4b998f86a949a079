"""The one writer: admit, seal, sequence, integrate, publish; and who reads what it wrote."""
