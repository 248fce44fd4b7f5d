package ksqlflink.expression;

import static ksqlflink.expression.Functions.integer;
import static ksqlflink.expression.Functions.plain;

import java.util.Map;

/** Functions that replace the characters of a string by mask characters. */
final class MaskFunctions {
  private static final String[] DEFAULTS = {"X", "x", "n", "-"};

  private MaskFunctions() {}

  static void addTo(Map<String, Functions.Factory> functions) {
    functions.put(
        "MASK", plain(args -> args[0] == null ? null : mask((String) args[0], masks(args, 1))));
    functions.put("MASK_LEFT", plain(args -> partly(args, true, true)));
    functions.put("MASK_RIGHT", plain(args -> partly(args, false, true)));
    functions.put("MASK_KEEP_LEFT", plain(args -> partly(args, true, false)));
    functions.put("MASK_KEEP_RIGHT", plain(args -> partly(args, false, false)));
  }

  /** The masks behind the first arguments; a null mask keeps its characters. */
  private static String[] masks(Object[] args, int first) {
    if (args.length == first) {
      return DEFAULTS;
    }
    String[] masks = new String[DEFAULTS.length];
    for (int i = 0; i < masks.length; i++) {
      masks[i] = (String) args[first + i];
      if (masks[i] != null && masks[i].length() != 1) {
        throw new IllegalArgumentException("a mask is a single character, not '" + masks[i] + "'");
      }
    }
    return masks;
  }

  private static Object partly(Object[] args, boolean left, boolean masked) {
    int count = integer(args[1]);
    String[] masks = masks(args, 2);
    if (count < 0) {
      throw new IllegalArgumentException("a negative number of characters to mask or skip");
    }
    if (args[0] == null) {
      return null;
    }
    String text = (String) args[0];
    int cut = left ? Math.min(count, text.length()) : Math.max(text.length() - count, 0);
    String first = text.substring(0, cut);
    String second = text.substring(cut);
    return left == masked ? mask(first, masks) + second : first + mask(second, masks);
  }

  private static String mask(String text, String[] masks) {
    StringBuilder result = new StringBuilder();
    for (int i = 0; i < text.length(); i++) {
      String mask = masks[kind(text.charAt(i))];
      result.append(mask == null ? String.valueOf(text.charAt(i)) : mask);
    }
    return result.toString();
  }

  private static int kind(char character) {
    return switch (Character.getType(character)) {
      case Character.UPPERCASE_LETTER -> 0;
      case Character.LOWERCASE_LETTER -> 1;
      case Character.DECIMAL_DIGIT_NUMBER -> 2;
      default -> 3;
    };
  }
}
