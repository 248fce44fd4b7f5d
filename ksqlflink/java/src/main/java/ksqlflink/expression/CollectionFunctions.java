package ksqlflink.expression;

import static ksqlflink.expression.Functions.integer;
import static ksqlflink.expression.Functions.plain;
import static ksqlflink.expression.Functions.strict;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.StringJoiner;
import ksqlflink.type.Values;

/** Functions of arrays and maps. */
final class CollectionFunctions {
  private CollectionFunctions() {}

  static void addTo(Map<String, Functions.Factory> functions) {
    functions.put("ARRAY_CONCAT", plain(CollectionFunctions::concat));
    functions.put(
        "ARRAY_CONTAINS", plain(args -> args[0] != null && contains(list(args[0]), args[1])));
    functions.put("ARRAY_JOIN", plain(CollectionFunctions::join));
    functions.put("ARRAY_LENGTH", strict(args -> list(args[0]).size()));
    functions.put("ARRAY_MAX", strict(args -> last(list(args[0]), Comparator.naturalOrder())));
    functions.put("ARRAY_MIN", strict(args -> last(list(args[0]), Comparator.reverseOrder())));
    functions.put(
        "ARRAY_REMOVE", plain(args -> args[0] == null ? null : without(list(args[0]), args[1])));
    functions.put("ARRAY_SORT", plain(CollectionFunctions::sort));
    functions.put("SLICE", plain(CollectionFunctions::slice));
    addSets(functions);
    addMaps(functions);
  }

  private static void addSets(Map<String, Functions.Factory> functions) {
    functions.put("ARRAY_DISTINCT", strict(args -> list(keys(args[0]))));
    functions.put(
        "ARRAY_EXCEPT",
        strict(
            args -> {
              Set<Values.Key> result = keys(args[0]);
              result.removeAll(keys(args[1]));
              return list(result);
            }));
    functions.put(
        "ARRAY_INTERSECT",
        strict(
            args -> {
              Set<Values.Key> result = keys(args[0]);
              result.retainAll(keys(args[1]));
              return list(result);
            }));
    functions.put(
        "ARRAY_UNION",
        strict(
            args -> {
              Set<Values.Key> result = keys(args[0]);
              result.addAll(keys(args[1]));
              return list(result);
            }));
  }

  private static void addMaps(Map<String, Functions.Factory> functions) {
    functions.put("AS_MAP", plain(args -> asMap(list(args[0]), list(args[1]))));
    functions.put("ENTRIES", plain(args -> entries(map(args[0]), (Boolean) args[1])));
    functions.put("MAP_KEYS", strict(args -> new ArrayList<Object>(map(args[0]).keySet())));
    functions.put("MAP_UNION", plain(CollectionFunctions::union));
    functions.put("MAP_VALUES", strict(args -> new ArrayList<Object>(map(args[0]).values())));
  }

  @SuppressWarnings("unchecked")
  private static List<Object> list(Object value) {
    return (List<Object>) value;
  }

  @SuppressWarnings("unchecked")
  private static Map<Object, Object> map(Object value) {
    return (Map<Object, Object>) value;
  }

  private static Set<Values.Key> keys(Object array) {
    Set<Values.Key> keys = new LinkedHashSet<>();
    list(array).forEach(item -> keys.add(new Values.Key(item)));
    return keys;
  }

  private static List<Object> list(Set<Values.Key> keys) {
    List<Object> result = new ArrayList<>();
    keys.forEach(key -> result.add(key.value()));
    return result;
  }

  private static Object concat(Object[] args) {
    if (args[0] == null || args[1] == null) {
      return args[0] == null ? args[1] : args[0];
    }
    List<Object> result = new ArrayList<>(list(args[0]));
    result.addAll(list(args[1]));
    return result;
  }

  private static boolean contains(List<Object> array, Object wanted) {
    return array.stream().anyMatch(item -> Values.same(item, wanted));
  }

  private static Object without(List<Object> array, Object unwanted) {
    List<Object> result = new ArrayList<>(array);
    result.removeIf(item -> Values.same(item, unwanted));
    return result;
  }

  private static Object join(Object[] args) {
    if (args[0] == null) {
      return null;
    }
    String delimiter = args.length < 2 ? "," : Objects.requireNonNullElse((String) args[1], "");
    StringJoiner result = new StringJoiner(delimiter);
    for (Object item : list(args[0])) {
      String text = scalarText(item);
      Bounds.checked((long) result.length() + delimiter.length() + text.length());
      result.add(text);
    }
    return result.toString();
  }

  private static String scalarText(Object item) {
    if (item instanceof byte[]
        || item instanceof Object[]
        || item instanceof List
        || item instanceof Map) {
      throw new IllegalArgumentException("ARRAY_JOIN takes arrays of simple types only");
    }
    return String.valueOf(item);
  }

  @SuppressWarnings("unchecked")
  private static Comparable<Object> comparable(Object value) {
    return (Comparable<Object>) value;
  }

  private static Object last(List<Object> array, Comparator<Comparable<Object>> order) {
    return array.stream()
        .filter(Objects::nonNull)
        .map(CollectionFunctions::comparable)
        .max(order)
        .orElse(null);
  }

  private static Object sort(Object[] args) {
    if (args[0] == null) {
      return null;
    }
    Comparator<Comparable<Object>> order = order(args.length < 2 ? "ASC" : (String) args[1]);
    if (order == null) {
      return null;
    }
    List<Object> result = new ArrayList<>(list(args[0]));
    result.sort(Comparator.nullsLast((a, b) -> order.compare(comparable(a), comparable(b))));
    return result;
  }

  private static Comparator<Comparable<Object>> order(String direction) {
    return switch (direction.toUpperCase(Locale.ROOT)) {
      case "ASC", "ASCENDING" -> Comparator.naturalOrder();
      case "DESC", "DESCENDING" -> Comparator.reverseOrder();
      default -> null;
    };
  }

  private static Object slice(Object[] args) {
    if (args[0] == null) {
      return null;
    }
    List<Object> array = list(args[0]);
    int from = args[1] == null ? 0 : integer(args[1]) - 1;
    int to = args[2] == null ? array.size() : integer(args[2]);
    return from < 0 || to > array.size() ? null : new ArrayList<>(array.subList(from, to));
  }

  private static Object asMap(List<Object> keys, List<Object> values) {
    Map<Object, Object> result = new HashMap<>();
    for (int i = 0; i < keys.size(); i++) {
      result.put(keys.get(i), i < values.size() ? values.get(i) : null);
    }
    return result;
  }

  private static Object entries(Map<Object, Object> map, boolean sorted) {
    if (map == null) {
      return null;
    }
    List<Object> result = new ArrayList<>();
    map.forEach((key, value) -> result.add(new Object[] {key, value}));
    if (sorted) {
      result.sort(Comparator.comparing(entry -> (String) ((Object[]) entry)[0]));
    }
    return result;
  }

  private static Object union(Object[] args) {
    Map<Object, Object> result = new HashMap<>();
    Arrays.stream(args).filter(Objects::nonNull).forEach(map -> result.putAll(map(map)));
    return args[0] == null && args[1] == null ? null : result;
  }
}
