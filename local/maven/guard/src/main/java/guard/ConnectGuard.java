package guard;

import jakarta.ws.rs.container.ContainerRequestContext;
import jakarta.ws.rs.container.ContainerRequestFilter;
import jakarta.ws.rs.container.PreMatching;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import java.util.Map;
import org.apache.kafka.common.utils.AppInfoParser;
import org.apache.kafka.connect.rest.ConnectRestExtension;
import org.apache.kafka.connect.rest.ConnectRestExtensionContext;

/** For the REST server of a Connect worker, whose rest.extension.classes names it. */
public final class ConnectGuard implements ConnectRestExtension {
  @Override
  public void configure(Map<String, ?> settings) {}

  @Override
  public void register(ConnectRestExtensionContext context) {
    context.configurable().register(new Guard());
  }

  @Override
  public String version() {
    return AppInfoParser.getVersion();
  }

  @Override
  public void close() {}

  /** Looks at a request before its path is looked up. */
  @PreMatching
  public static final class Guard implements ContainerRequestFilter {
    @Override
    public void filter(ContainerRequestContext request) {
      String refusal =
          Callers.refusal(
              request.getHeaderString("Host"),
              request.getHeaderString("Origin"),
              request.getHeaderString("Sec-Fetch-Site"));
      if (refusal != null) {
        request.abortWith(
            Response.status(Response.Status.FORBIDDEN)
                .type(MediaType.APPLICATION_JSON_TYPE)
                .entity(
                    Map.of(
                        "error_code",
                        Response.Status.FORBIDDEN.getStatusCode(),
                        "message",
                        refusal))
                .build());
      }
    }
  }
}
