"""Every kind of query and aggregation that Elasticsearch's clients know, by whether it is answered.

Source: ``QueryDslQueryContainer`` and ``AggregationsAggregationContainer`` of the npm package
``@elastic/elasticsearch`` 9.4.3.
"""

from typing import Final

ANSWERED_QUERIES: Final = frozenset(
    {
        *("bool", "constant_score", "dis_max", "exists", "ids", "match", "match_all"),
        *("match_bool_prefix", "match_none", "match_phrase", "match_phrase_prefix"),
        *("multi_match", "prefix", "query_string", "range", "regexp", "simple_query_string"),
        *("term", "terms", "wildcard"),
    }
)
REFUSED_QUERIES: Final = frozenset(
    {
        *("boosting", "combined_fields", "common", "distance_feature", "function_score", "fuzzy"),
        *("geo_bounding_box", "geo_distance", "geo_grid", "geo_polygon", "geo_shape"),
        *("has_child", "has_parent", "intervals", "knn", "more_like_this", "nested"),
        *("parent_id", "percolate", "pinned", "rank_feature", "rule", "script", "script_score"),
        *("semantic", "shape", "span_containing", "span_field_masking", "span_first"),
        *("span_multi", "span_near", "span_not", "span_or", "span_term", "span_within"),
        *("sparse_vector", "terms_set", "text_expansion", "type", "weighted_tokens", "wrapper"),
    }
)
ANSWERED_AGGREGATIONS: Final = frozenset(
    {
        *("avg", "cardinality", "date_histogram", "date_range", "filters", "histogram", "max"),
        *("min", "percentiles", "range", "stats", "sum", "terms", "value_count"),
    }
)
REFUSED_AGGREGATIONS: Final = frozenset(
    {
        *("adjacency_matrix", "auto_date_histogram", "avg_bucket", "boxplot"),
        *("bucket_correlation", "bucket_count_ks_test", "bucket_script", "bucket_selector"),
        *("bucket_sort", "cartesian_bounds", "cartesian_centroid", "categorize_text"),
        *("change_point", "children", "composite", "cumulative_cardinality", "cumulative_sum"),
        *("derivative", "diversified_sampler", "extended_stats", "extended_stats_bucket"),
        *("filter", "frequent_item_sets", "frequent_items", "geo_bounds", "geo_centroid"),
        *("geo_distance", "geo_line", "geohash_grid", "geohex_grid", "geotile_grid", "global"),
        *("inference", "ip_prefix", "ip_range", "line", "matrix_stats", "max_bucket"),
        *("median_absolute_deviation", "min_bucket", "missing", "moving_avg", "moving_fn"),
        *("moving_percentiles", "multi_terms", "nested", "normalize", "parent"),
        *("percentile_ranks", "percentiles_bucket", "random_sampler", "rare_terms", "rate"),
        *("reverse_nested", "sampler", "scripted_metric", "serial_diff", "significant_terms"),
        *("significant_text", "stats_bucket", "string_stats", "sum_bucket", "t_test"),
        *("time_series", "top_hits", "top_metrics", "variable_width_histogram", "weighted_avg"),
    }
)
