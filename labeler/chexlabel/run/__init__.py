"""Running the labeler over many reports: batches, workers, and the file that comes of them."""
