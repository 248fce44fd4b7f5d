package guard;

import java.util.Set;
import java.util.regex.Pattern;

/**
 * Tells programs from pages in a browser, by headers that no page can set itself.
 *
 * <p>A page of another site carries its Origin (with every POST, PUT, DELETE), or Sec-Fetch-Site
 * where it carries no Origin (a link, an image). A page whose name leads to this machine (DNS
 * rebinding) is of the server's own origin, but its name stands in Host. Programs send a local Host
 * and neither of the others.
 */
final class Callers {
  private static final Pattern LOCAL =
      Pattern.compile("(127\\.0\\.0\\.1|localhost|\\[::1])(:[0-9]+)?", Pattern.CASE_INSENSITIVE);
  private static final Set<String> OWN = Set.of("same-origin", "none");

  private Callers() {}

  /** Returns why a request with these headers (null: not there) is refused, null if it is not. */
  static String refusal(String host, String origin, String site) {
    if (host == null || !LOCAL.matcher(host).matches()) {
      return "The Host header does not name this machine: use 127.0.0.1 or localhost.";
    }
    if (origin != null && !origin.equalsIgnoreCase("http://" + host)) {
      return "Pages of another origin may not call this server.";
    }
    if (site != null && !OWN.contains(site)) {
      return "Pages of another site may not call this server.";
    }
    return null;
  }
}
