"""Elasticsearch's JSON: queries, aggregations and whole search bodies, as our query model."""

from tallystick.search.elastic.aggregated import answered
from tallystick.search.elastic.aggregating import ElasticAggregation
from tallystick.search.elastic.ordering import ElasticSort, milliseconds
from tallystick.search.elastic.refusal import ElasticError, ElasticMissingError
from tallystick.search.elastic.request import (
    PARAMETERS,
    ElasticSearch,
    PointInTime,
    SourceFilter,
    parse_count,
    parse_search,
)
from tallystick.search.elastic.shape import Shape

__all__ = [
    "PARAMETERS",
    "ElasticAggregation",
    "ElasticError",
    "ElasticMissingError",
    "ElasticSearch",
    "ElasticSort",
    "PointInTime",
    "Shape",
    "SourceFilter",
    "answered",
    "milliseconds",
    "parse_count",
    "parse_search",
]
