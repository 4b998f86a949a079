"""The log's mathematics and its formats: trees, tiles, proofs, notes, checkpoints, policies.

Everything here is a pure function of its arguments. The formats are those of RFC 6962 and of
the C2SP specifications (c2sp.org), so that tools which have never heard of Tallystick can read
a log, check a proof and cosign a checkpoint. What has two spellings is refused: each parser
accepts only what its writer would have written.
"""
