package ksqlflink.expression;

import static ksqlflink.expression.Functions.integer;
import static ksqlflink.expression.Functions.plain;
import static ksqlflink.expression.Functions.strict;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.StringJoiner;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import ksqlflink.type.Type;

/** Functions of strings; those that also take bytes hand them to BytesFunctions. */
final class StringFunctions {
  private static final Pattern WORD = Pattern.compile("\\S+\\s*");
  private static final Pattern UNICODE_ESCAPE = Pattern.compile("\\\\u+([0-9a-fA-F]{4})");

  private StringFunctions() {}

  static void addTo(Map<String, Functions.Factory> functions) {
    functions.put("CHR", strict(args -> chr(args[0])));
    functions.put("CONCAT", textOrBytes(StringFunctions::concat, BytesFunctions::concat));
    functions.put(
        "CONCAT_WS",
        textOrBytes(StringFunctions::concatWithSeparator, BytesFunctions::concatWithSeparator));
    functions.put("ELT", plain(StringFunctions::elt));
    functions.put("FIELD", plain(StringFunctions::field));
    functions.put("INITCAP", strict(args -> initcap((String) args[0])));
    functions.put("INSTR", plain(StringFunctions::instr));
    functions.put("LCASE", strict(args -> ((String) args[0]).toLowerCase(Locale.ROOT)));
    functions.put(
        "LEN",
        strict(
            args -> args[0] instanceof byte[] bytes ? bytes.length : ((String) args[0]).length()));
    functions.put(
        "LPAD", textOrBytes(args -> pad(args, true), args -> BytesFunctions.pad(args, true)));
    functions.put(
        "RPAD", textOrBytes(args -> pad(args, false), args -> BytesFunctions.pad(args, false)));
    functions.put(
        "REPLACE", strict(args -> replace((String) args[0], (String) args[1], (String) args[2])));
    functions.put(
        "SPLIT",
        strict(args -> args[0] instanceof byte[] ? BytesFunctions.split(args) : split(args)));
    functions.put("SPLIT_TO_MAP", strict(StringFunctions::splitToMap));
    functions.put(
        "SUBSTRING",
        strict(
            args -> args[0] instanceof byte[] ? BytesFunctions.substring(args) : substring(args)));
    functions.put("TRIM", strict(args -> ((String) args[0]).trim()));
    functions.put("UCASE", strict(args -> ((String) args[0]).toUpperCase(Locale.ROOT)));
  }

  private static Functions.Factory textOrBytes(Functions.Function text, Functions.Function bytes) {
    return call -> call.returns() != null && call.returns().kind == Type.Kind.BYTES ? bytes : text;
  }

  private static String chr(Object code) {
    if (code instanceof String text) {
      return text.length() < 6 || !text.startsWith("\\u") ? null : unescape(text);
    }
    return Character.isValidCodePoint(integer(code)) ? Character.toString(integer(code)) : null;
  }

  private static String unescape(String text) {
    return UNICODE_ESCAPE
        .matcher(text)
        .replaceAll(
            escape ->
                Matcher.quoteReplacement(
                    String.valueOf((char) Integer.parseInt(escape.group(1), 16))));
  }

  private static Object concat(Object[] args) {
    return join(Arrays.asList(args), "");
  }

  private static Object concatWithSeparator(Object[] args) {
    List<Object> parts = Arrays.asList(args).subList(1, args.length);
    return args[0] == null ? null : join(parts, (String) args[0]);
  }

  private static String join(List<Object> parts, String separator) {
    StringJoiner result = new StringJoiner(separator);
    for (Object part : parts) {
      if (part != null) {
        Bounds.checked((long) result.length() + separator.length() + part.toString().length());
        result.add(part.toString());
      }
    }
    return result.toString();
  }

  private static String replace(String text, String part, String other) {
    long count = part.isEmpty() ? text.length() + 1L : 0;
    for (int at = text.indexOf(part); at >= 0 && !part.isEmpty(); count++) {
      at = text.indexOf(part, at + part.length());
    }
    Bounds.checked(text.length() + count * (other.length() - part.length()));
    return text.replace(part, other);
  }

  private static Object elt(Object[] args) {
    int position = integer(args[0]);
    return position < 1 || position >= args.length ? null : args[position];
  }

  private static Object field(Object[] args) {
    for (int i = 1; i < args.length; i++) {
      if (args[0] != null && args[0].equals(args[i])) {
        return i;
      }
    }
    return 0;
  }

  private static String initcap(String text) {
    Matcher words = WORD.matcher(text.toLowerCase(Locale.ROOT));
    StringBuilder result = new StringBuilder();
    while (words.find()) {
      String word = words.group();
      result.append(word.substring(0, 1).toUpperCase(Locale.ROOT)).append(word, 1, word.length());
    }
    return result.toString();
  }

  private static Object instr(Object[] args) {
    int position = args.length > 2 ? integer(args[2]) : 1;
    int occurrence = args.length > 3 ? integer(args[3]) : 1;
    String text = (String) args[0];
    String part = (String) args[1];
    if (text == null || part == null || position == 0 || Math.abs(position) > text.length()) {
      return 0;
    }
    return position > 0
        ? forward(text, part, position, occurrence)
        : backward(text, part, position, occurrence);
  }

  private static int forward(String text, String part, int position, int occurrence) {
    int found = position - 2;
    for (int i = 0; i < occurrence; i++) {
      found = text.indexOf(part, found + 1);
      if (found < 0) {
        return 0;
      }
    }
    return occurrence < 1 ? 0 : found + 1;
  }

  /**
   * Searches to the left for occurrences that end at the position, counted from the end, or before
   * it.
   */
  private static int backward(String text, String part, int position, int occurrence) {
    int found = text.length() + position + 2 - part.length();
    for (int i = 0; i < occurrence; i++) {
      found = found < 1 ? -1 : text.lastIndexOf(part, found - 1);
      if (found < 0) {
        return 0;
      }
    }
    return occurrence < 1 ? 0 : found + 1;
  }

  private static Object pad(Object[] args, boolean left) {
    String text = (String) args[0];
    String padding = (String) args[2];
    if (text == null
        || padding == null
        || padding.isEmpty()
        || args[1] == null
        || integer(args[1]) < 0) {
      return null;
    }
    int length = Bounds.checked(integer(args[1]));
    int missing = Math.max(length - text.length(), 0);
    String filling = padding.repeat(missing / padding.length() + 1).substring(0, missing);
    return (left ? filling + text : text + filling).substring(0, length);
  }

  /** SPLIT of strings; an empty delimiter splits every character. */
  static Object split(Object[] args) {
    String text = (String) args[0];
    String delimiter = (String) args[1];
    return new ArrayList<Object>(
        Arrays.asList(
            delimiter.isEmpty() ? text.split("") : text.split(Pattern.quote(delimiter), -1)));
  }

  private static Object splitToMap(Object[] args) {
    String entryDelimiter = (String) args[1];
    String delimiter = (String) args[2];
    if (entryDelimiter.isEmpty() || delimiter.isEmpty() || entryDelimiter.equals(delimiter)) {
      return null;
    }
    Map<Object, Object> map = new HashMap<>();
    for (String entry : ((String) args[0]).split(Pattern.quote(entryDelimiter), -1)) {
      String[] parts = entry.split(Pattern.quote(delimiter), -1);
      if (parts.length > 1) {
        map.put(parts[0], parts[1]);
      }
    }
    return map;
  }

  private static Object substring(Object[] args) {
    String text = (String) args[0];
    int start = start(text.length(), integer(args[1]));
    return text.substring(
        start, args.length > 2 ? end(text.length(), start, integer(args[2])) : text.length());
  }

  /** The index of a position that counts from 1, or backwards from the end if negative. */
  static int start(int length, int position) {
    return position < 0
        ? Math.max(length + position, 0)
        : Math.max(Math.min(position - 1, length), 0);
  }

  /** The index behind a part that starts at an index. */
  static int end(int length, int start, int wanted) {
    return Math.max(Math.min(start + wanted, length), start);
  }
}
