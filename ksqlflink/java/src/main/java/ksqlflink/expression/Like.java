package ksqlflink.expression;

import java.util.regex.Pattern;

/**
 * LIKE patterns: % stands for any text, _ for one character, the escape character takes either
 * literally.
 */
final class Like {
  private Like() {}

  /**
   * The regular expression of a pattern; escape may be null. Throws IllegalArgumentException for an
   * escape at the end.
   */
  static Pattern compile(String pattern, Character escape) {
    StringBuilder regex = new StringBuilder();
    StringBuilder plain = new StringBuilder();
    for (int i = 0; i < pattern.length(); i++) {
      char c = pattern.charAt(i);
      if (escape != null && c == escape) {
        plain.append(escaped(pattern, ++i));
      } else if (c == '%' || c == '_') {
        quote(plain, regex).append(c == '%' ? ".*" : ".");
      } else {
        plain.append(c);
      }
    }
    return Pattern.compile(quote(plain, regex).toString());
  }

  private static char escaped(String pattern, int i) {
    if (i >= pattern.length()) {
      throw new IllegalArgumentException("LIKE pattern must not end with escape character");
    }
    return pattern.charAt(i);
  }

  private static StringBuilder quote(StringBuilder plain, StringBuilder regex) {
    if (!plain.isEmpty()) {
      regex.append(Pattern.quote(plain.toString()));
      plain.setLength(0);
    }
    return regex;
  }
}
