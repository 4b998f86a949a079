"""The doors that speak as Elasticsearch does."""
