"""What an event is: its form, its catalogue, its canonical bytes, its commitments."""
