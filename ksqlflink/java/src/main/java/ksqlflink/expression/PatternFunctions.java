package ksqlflink.expression;

import static ksqlflink.expression.Functions.integer;
import static ksqlflink.expression.Functions.strictly;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Functions of strings by regular expressions. */
final class PatternFunctions {
  private PatternFunctions() {}

  private interface Matching {
    Object apply(Memo<String, Pattern> patterns, Object[] args);
  }

  static void addTo(Map<String, Functions.Factory> functions) {
    functions.put(
        "REGEXP_EXTRACT",
        matching((patterns, args) -> first(patterns.get((String) args[0]), args)));
    functions.put(
        "REGEXP_EXTRACT_ALL",
        matching((patterns, args) -> all(patterns.get((String) args[0]), args)));
    functions.put(
        "REGEXP_REPLACE",
        matching((patterns, args) -> replace(patterns.get((String) args[1]), args)));
    functions.put(
        "REGEXP_SPLIT_TO_ARRAY",
        matching((patterns, args) -> split(patterns.get((String) args[1]), args)));
  }

  private static Functions.Factory matching(Matching function) {
    return call -> {
      Memo<String, Pattern> patterns = new Memo<>(Pattern::compile);
      return strictly(args -> function.apply(patterns, args));
    };
  }

  private static int group(Object[] args) {
    return args.length > 2 ? integer(args[2]) : 0;
  }

  private static Matcher matcher(Pattern pattern, Object text) {
    return pattern.matcher(Patience.limited((String) text));
  }

  private static Object first(Pattern pattern, Object[] args) {
    Matcher matcher = matcher(pattern, args[1]);
    return group(args) <= matcher.groupCount() && matcher.find()
        ? matcher.group(group(args))
        : null;
  }

  private static Object all(Pattern pattern, Object[] args) {
    Matcher matcher = matcher(pattern, args[1]);
    if (group(args) > matcher.groupCount()) {
      return null;
    }
    List<Object> found = new ArrayList<>();
    while (matcher.find()) {
      found.add(matcher.group(group(args)));
    }
    return found;
  }

  private static Object replace(Pattern pattern, Object[] args) {
    Matcher matcher = matcher(pattern, args[0]);
    StringBuilder result = new StringBuilder();
    while (matcher.find()) {
      matcher.appendReplacement(result, (String) args[2]);
      Bounds.checked(result.length());
    }
    return matcher.appendTail(result).toString();
  }

  private static Object split(Pattern pattern, Object[] args) {
    boolean everywhere = pattern.matcher("").matches();
    return new ArrayList<Object>(
        Arrays.asList(pattern.split(Patience.limited((String) args[0]), everywhere ? 0 : -1)));
  }
}
