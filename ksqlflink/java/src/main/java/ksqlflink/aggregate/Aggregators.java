package ksqlflink.aggregate;

import com.fasterxml.jackson.databind.JsonNode;
import ksqlflink.type.Type;

/** The aggregate functions by name. */
public final class Aggregators {
  private Aggregators() {}

  /**
   * The function of {"function", "args", "type"}; `limits` says by name how many values it collects
   * at most. Throws IllegalArgumentException for an unknown name.
   */
  public static Aggregator of(JsonNode spec, JsonNode limits) {
    Type result = Type.of(spec.get("type"));
    JsonNode arguments = spec.path("args");
    Type first = arguments.isEmpty() ? null : Type.of(arguments.get(0).get("type"));
    String name = spec.get("function").textValue();
    int limit = limits.path(name).asInt(Integer.MAX_VALUE);
    return switch (name) {
      case "COUNT" -> NumberAggregators.count();
      case "SUM" -> NumberAggregators.sum(result);
      case "AVG" -> NumberAggregators.average();
      case "MIN" -> CollectionAggregators.extreme(result, -1);
      case "MAX" -> CollectionAggregators.extreme(result, 1);
      case "COUNT_DISTINCT" -> CollectionAggregators.countDistinct(first);
      case "COLLECT_LIST" -> CollectionAggregators.collect(result, false, limit);
      case "COLLECT_SET" -> CollectionAggregators.collect(result, true, limit);
      case "LATEST_BY_OFFSET" -> CollectionAggregators.byOffset(result, first, arguments, true);
      case "EARLIEST_BY_OFFSET" -> CollectionAggregators.byOffset(result, first, arguments, false);
      case "TOPK" -> CollectionAggregators.top(result, arguments, false);
      case "TOPKDISTINCT" -> CollectionAggregators.top(result, arguments, true);
      case "HISTOGRAM" -> CollectionAggregators.histogram();
      case "STDDEV_SAMPLE" -> Moments.deviation();
      case "STDDEV_SAMP" -> Moments.variance();
      case "CORRELATION" -> Moments.correlation();
      case "ATTR" -> CollectionAggregators.attribute(first);
      default -> throw new IllegalArgumentException("unknown aggregate function: " + name);
    };
  }
}
