package ksqlflink.expression;

import java.util.List;

/** How large a function's result may be: a few letters must not fill a memory that is shared. */
final class Bounds {
  /** Characters, bytes or items. */
  static final int MOST = 1 << 22;

  private Bounds() {}

  /** The same length. Throws IllegalArgumentException where it is too large. */
  static int checked(long length) {
    if (length > MOST) {
      throw new IllegalArgumentException("larger than " + MOST + ": " + length);
    }
    return (int) length;
  }

  /** The same value. Throws IllegalArgumentException where it is too large. */
  static Object checked(Object value) {
    if (value instanceof String text) {
      checked(text.length());
    } else if (value instanceof byte[] bytes) {
      checked(bytes.length);
    } else if (value instanceof List<?> list) {
      checked(list.size());
    }
    return value;
  }
}
