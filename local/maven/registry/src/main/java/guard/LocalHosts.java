package guard;

import io.quarkus.vertx.http.runtime.filters.Filters;
import java.util.regex.Pattern;
import javax.enterprise.context.ApplicationScoped;
import javax.enterprise.event.Observes;

/**
 * Refuses requests for another host: a page whose name was made to lead to this machine (DNS
 * rebinding).
 *
 * <p>Quarkus refuses other origins itself, but takes whatever Host says for its own.
 */
@ApplicationScoped
public class LocalHosts {
  private static final Pattern LOCAL =
      Pattern.compile("(127\\.0\\.0\\.1|localhost|\\[::1])(:[0-9]+)?", Pattern.CASE_INSENSITIVE);
  private static final int BEFORE_OTHERS = 1000;

  void register(@Observes Filters filters) {
    filters.register(
        context -> {
          String host = context.request().host(); // over HTTP/2 no header, but :authority
          if (host != null && LOCAL.matcher(host).matches()) {
            context.next();
          } else {
            context
                .response()
                .setStatusCode(403)
                .putHeader("Content-Type", "application/json")
                .end(
                    "{\"error_code\":403,\"message\":\"The Host header does not name this machine:"
                        + " use 127.0.0.1 or localhost.\"}");
          }
        },
        BEFORE_OTHERS);
  }
}
