package macd.connect;

import io.apicurio.registry.rest.client.exception.RestClientException;

/** For Apicurio's converters, whose client keeps of a refused connection only its name. */
public class PatientApicurioConverter extends PatientConverter {
  private static final int SERVER_ERROR = 500;

  @Override
  protected boolean passes(Throwable error) {
    return super.passes(error)
        || (error instanceof RestClientException && isAway((RestClientException) error));
  }

  /** No code means that there was no answer. */
  private static boolean isAway(RestClientException error) {
    Integer code = error.getError() == null ? null : error.getError().getErrorCode();
    return code == null || code >= SERVER_ERROR;
  }
}
