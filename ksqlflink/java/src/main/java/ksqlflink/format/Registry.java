package ksqlflink.format;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import ksqlflink.type.Undecodable;
import org.apache.avro.AvroRuntimeException;
import org.apache.avro.Schema;

/**
 * Writer schemas by id: those that came with the plan, and from a Confluent-compatible registry,
 * which is asked for each once.
 */
public final class Registry {
  private static final Duration PATIENCE = Duration.ofSeconds(10);
  private static final int NOT_FOUND = 404;
  private static final ObjectMapper MAPPER = new ObjectMapper();

  private final String url;
  private final Map<Integer, Schema> known = new ConcurrentHashMap<>();
  private final Map<Integer, JsonNode> told = new ConcurrentHashMap<>();
  private HttpClient client;

  public Registry(String url) {
    this.url = url;
  }

  /**
   * Made with the first question: it takes longer than most plans run. Its threads end with this
   * object; in a static field they would keep the classes of every job that has ended.
   */
  private synchronized HttpClient client() {
    if (client == null) {
      client =
          HttpClient.newBuilder()
              .proxy(HttpClient.Builder.NO_PROXY)
              .connectTimeout(PATIENCE)
              .build();
    }
    return client;
  }

  /** Takes the texts of schemas by id: for these nobody is asked. */
  public void learn(JsonNode schemas) {
    schemas
        .fields()
        .forEachRemaining(entry -> told.put(Integer.valueOf(entry.getKey()), entry.getValue()));
  }

  /** Who wrote by a schema did so whether or not its defaults are right. */
  private static Schema parsed(int id, JsonNode text) {
    try {
      return new Schema.Parser().setValidateDefaults(false).parse(text.textValue());
    } catch (AvroRuntimeException error) {
      throw new Undecodable("schema " + id + " cannot be parsed");
    }
  }

  /**
   * The schema of that id. Throws Undecodable when there is none, IllegalStateException when the
   * registry does not answer: then the query has to wait, and nothing may be skipped.
   */
  Schema schema(int id) {
    Schema schema = known.get(id);
    if (schema == null) {
      JsonNode text = told.get(id);
      schema = text == null ? ask(id) : parsed(id, text);
      known.put(id, schema);
    }
    return schema;
  }

  private Schema ask(int id) {
    if (url.isEmpty()) {
      throw new Undecodable("the registry knows no schema " + id);
    }
    HttpRequest request =
        HttpRequest.newBuilder(URI.create(url + "/schemas/ids/" + id)).timeout(PATIENCE).build();
    try {
      HttpResponse<String> response = client().send(request, HttpResponse.BodyHandlers.ofString());
      if (response.statusCode() == NOT_FOUND) {
        throw new Undecodable("the registry knows no schema " + id);
      }
      if (response.statusCode() != 200) {
        throw new IllegalStateException(
            "The schema registry answered " + response.statusCode() + " for schema " + id);
      }
      return parsed(id, MAPPER.readTree(response.body()).get("schema"));
    } catch (IOException error) {
      throw new IllegalStateException("The schema registry at " + url + " does not answer", error);
    } catch (InterruptedException error) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted", error);
    }
  }
}
