"""One space becomes ranked products: similarity, the best k, an index kept on disk."""
