package ksqlflink.expression;

import static ksqlflink.expression.Functions.integer;
import static ksqlflink.expression.Functions.plain;
import static ksqlflink.expression.Functions.strict;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.UUID;

/** Functions of bytes and of their text encodings. */
final class BytesFunctions {
  private BytesFunctions() {}

  static void addTo(Map<String, Functions.Factory> functions) {
    functions.put("INT_FROM_BYTES", strict(args -> buffer(args, Integer.BYTES).getInt()));
    functions.put("BIGINT_FROM_BYTES", strict(args -> buffer(args, Long.BYTES).getLong()));
    functions.put("DOUBLE_FROM_BYTES", strict(args -> buffer(args, Double.BYTES).getDouble()));
    functions.put("FROM_BYTES", strict(args -> fromBytes((byte[]) args[0], (String) args[1])));
    functions.put("TO_BYTES", strict(args -> toBytes((String) args[0], (String) args[1])));
    functions.put(
        "ENCODE", strict(args -> encode((String) args[0], (String) args[1], (String) args[2])));
    functions.put(
        "UUID",
        plain(args -> args.length == 0 ? UUID.randomUUID().toString() : uuid((byte[]) args[0])));
  }

  private static ByteBuffer buffer(Object[] args, int size) {
    byte[] bytes = (byte[]) args[0];
    if (bytes.length != size) {
      throw new IllegalArgumentException(
          "Number of bytes must be equal to " + size + ", but found " + bytes.length);
    }
    return ByteBuffer.wrap(bytes)
        .order(args.length > 1 ? order((String) args[1]) : ByteOrder.BIG_ENDIAN);
  }

  private static ByteOrder order(String name) {
    return switch (name.toUpperCase(Locale.ROOT)) {
      case "BIG_ENDIAN" -> ByteOrder.BIG_ENDIAN;
      case "LITTLE_ENDIAN" -> ByteOrder.LITTLE_ENDIAN;
      default ->
          throw new IllegalArgumentException("neither BIG_ENDIAN nor LITTLE_ENDIAN: " + name);
    };
  }

  private static String fromBytes(byte[] bytes, String encoding) {
    return switch (encoding.toLowerCase(Locale.ROOT)) {
      case "hex" -> HexFormat.of().withUpperCase().formatHex(bytes);
      case "utf8" -> new String(bytes, StandardCharsets.UTF_8);
      case "ascii" -> new String(bytes, StandardCharsets.US_ASCII);
      case "base64" -> Base64.getEncoder().encodeToString(bytes);
      default -> throw unknown(encoding);
    };
  }

  private static byte[] toBytes(String text, String encoding) {
    return switch (encoding.toLowerCase(Locale.ROOT)) {
      case "hex" -> HexFormat.of().parseHex(text);
      case "utf8" -> text.getBytes(StandardCharsets.UTF_8);
      case "ascii" -> text.getBytes(StandardCharsets.US_ASCII);
      case "base64" -> Base64.getDecoder().decode(text);
      default -> throw unknown(encoding);
    };
  }

  private static IllegalArgumentException unknown(String encoding) {
    return new IllegalArgumentException("not one of hex, utf8, ascii and base64: " + encoding);
  }

  /** Reads hex also as 0x.. and X'..', skips what is not base64, and writes hex in lower case. */
  private static String encode(String text, String from, String to) {
    if (from.equalsIgnoreCase(to)) {
      throw unknown(from + " to " + to);
    }
    byte[] bytes =
        switch (from.toLowerCase(Locale.ROOT)) {
          case "hex" -> HexFormat.of().parseHex(bareHex(text));
          case "base64" -> Base64.getMimeDecoder().decode(text);
          default -> toBytes(text, from);
        };
    String result = fromBytes(bytes, to);
    return to.equalsIgnoreCase("hex") ? result.toLowerCase(Locale.ROOT) : result;
  }

  private static String bareHex(String text) {
    if (text.startsWith("0x")) {
      return text.length() % 2 == 0 ? text.substring(2) : "0" + text.substring(2);
    }
    return text.matches("[xX]'.*'") ? text.substring(2, text.length() - 1) : text;
  }

  private static String uuid(byte[] bytes) {
    if (bytes == null || bytes.length != 2 * Long.BYTES) {
      return null;
    }
    ByteBuffer buffer = ByteBuffer.wrap(bytes);
    return new UUID(buffer.getLong(), buffer.getLong()).toString();
  }

  /** CONCAT of bytes: null ones are skipped. */
  static Object concat(Object[] args) {
    ByteArrayOutputStream result = new ByteArrayOutputStream();
    for (Object part : args) {
      if (part != null) {
        Bounds.checked((long) result.size() + ((byte[]) part).length);
        result.writeBytes((byte[]) part);
      }
    }
    return result.toByteArray();
  }

  /** CONCAT_WS of bytes: null without a separator, null parts are skipped. */
  static Object concatWithSeparator(Object[] args) {
    if (args[0] == null) {
      return null;
    }
    List<Object> parts = new ArrayList<>();
    for (Object part : Arrays.asList(args).subList(1, args.length)) {
      if (part != null) {
        parts.addAll(parts.isEmpty() ? List.of(part) : List.of(args[0], part));
      }
    }
    return concat(parts.toArray());
  }

  /** LPAD and RPAD of bytes; null without padding or for a negative length. */
  static Object pad(Object[] args, boolean left) {
    byte[] bytes = (byte[]) args[0];
    byte[] padding = (byte[]) args[2];
    if (bytes == null
        || padding == null
        || padding.length == 0
        || args[1] == null
        || integer(args[1]) < 0) {
      return null;
    }
    byte[] result = Arrays.copyOf(bytes, Bounds.checked(integer(args[1])));
    int missing = Math.max(result.length - bytes.length, 0);
    if (left && missing > 0) {
      System.arraycopy(bytes, 0, result, missing, bytes.length);
    }
    int offset = left ? 0 : bytes.length;
    for (int i = 0; i < missing; i++) {
      result[offset + i] = padding[i % padding.length];
    }
    return result;
  }

  /** SUBSTRING of bytes. */
  static Object substring(Object[] args) {
    byte[] bytes = (byte[]) args[0];
    int start = StringFunctions.start(bytes.length, integer(args[1]));
    int end =
        args.length > 2 ? StringFunctions.end(bytes.length, start, integer(args[2])) : bytes.length;
    return Arrays.copyOfRange(bytes, start, end);
  }

  /** SPLIT of bytes; an empty delimiter splits every byte. */
  static Object split(Object[] args) {
    // Latin-1 maps each byte to one character and back.
    Object[] texts = {latin1(args[0]), latin1(args[1])};
    List<Object> parts = new ArrayList<>();
    for (Object part : (List<?>) StringFunctions.split(texts)) {
      parts.add(((String) part).getBytes(StandardCharsets.ISO_8859_1));
    }
    return parts;
  }

  private static String latin1(Object bytes) {
    return new String((byte[]) bytes, StandardCharsets.ISO_8859_1);
  }
}
