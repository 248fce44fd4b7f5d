package ksqlflink.expression;

import static ksqlflink.expression.Functions.strict;

import java.net.URI;
import java.net.URLDecoder;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.Map;

/** Functions of URLs. Text that is no URL throws IllegalArgumentException. */
final class UrlFunctions {
  private UrlFunctions() {}

  private interface Part {
    Object of(URI url);
  }

  static void addTo(Map<String, Functions.Factory> functions) {
    functions.put(
        "URL_DECODE_PARAM",
        strict(args -> URLDecoder.decode((String) args[0], StandardCharsets.UTF_8)));
    functions.put(
        "URL_ENCODE_PARAM",
        strict(args -> URLEncoder.encode((String) args[0], StandardCharsets.UTF_8)));
    functions.put("URL_EXTRACT_FRAGMENT", part(URI::getFragment));
    functions.put("URL_EXTRACT_HOST", part(URI::getHost));
    functions.put(
        "URL_EXTRACT_PARAMETER", strict(args -> parameter((String) args[0], (String) args[1])));
    functions.put("URL_EXTRACT_PATH", part(URI::getPath));
    functions.put("URL_EXTRACT_PORT", part(url -> url.getPort() < 0 ? null : url.getPort()));
    functions.put("URL_EXTRACT_PROTOCOL", part(URI::getScheme));
    functions.put("URL_EXTRACT_QUERY", part(URI::getQuery));
  }

  private static Functions.Factory part(Part part) {
    return strict(args -> part.of(URI.create((String) args[0])));
  }

  private static Object parameter(String url, String name) {
    String query = URI.create(url).getQuery();
    for (String pair : query == null ? new String[0] : query.split("&", -1)) {
      String[] parts = pair.split("=", 2);
      if (parts[0].equals(name)) {
        return parts.length > 1 ? parts[1] : "";
      }
    }
    return null;
  }
}
