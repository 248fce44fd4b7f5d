package ksqlflink.expression;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A path such as $.log.items[0]["a b"] into a JSON value. */
final class JsonPath {
  private static final Pattern STEP =
      Pattern.compile(
          "\\.([\\p{L}\\p{Nd}_:@-]+)|\\[([\\p{L}\\p{Nd}_]+)]|\\[\"((?:[^\"\\\\]|\\\\.)*)\"]");

  private final List<String> steps = new ArrayList<>();

  /** Throws IllegalArgumentException for text that is no path. */
  JsonPath(String text) {
    Matcher matcher = STEP.matcher(text);
    int position = text.startsWith("$") ? 1 : 0;
    while (position < text.length()) {
      if (!text.startsWith("$") || !matcher.find(position) || matcher.start() != position) {
        throw new IllegalArgumentException("Invalid JSON path: '" + text + "'");
      }
      steps.add(step(matcher));
      position = matcher.end();
    }
  }

  private static String step(Matcher matcher) {
    if (matcher.group(3) != null) {
      return matcher.group(3).replaceAll("\\\\(.)", "$1");
    }
    return matcher.group(1) != null ? matcher.group(1) : matcher.group(2);
  }

  /** The value at the path, null if there is none. */
  JsonNode find(JsonNode root) {
    JsonNode node = root;
    for (String step : steps) {
      node = node == null ? null : node.isArray() ? element(node, step) : node.get(step);
    }
    return node;
  }

  private static JsonNode element(JsonNode array, String step) {
    try {
      return array.get(Integer.parseInt(step));
    } catch (NumberFormatException noIndex) {
      return null;
    }
  }
}
