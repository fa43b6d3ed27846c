"""What an empty store starts from: the seed story and the positions of its day."""
