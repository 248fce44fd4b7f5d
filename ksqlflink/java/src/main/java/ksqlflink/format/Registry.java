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
import org.apache.avro.Schema;
import org.apache.avro.SchemaParseException;

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

  public Registry(String url) {
    this.url = url;
  }

  /** Made with the first question: it takes longer than most plans run. */
  private static final class Client {
    static final HttpClient HTTP =
        HttpClient.newBuilder().proxy(HttpClient.Builder.NO_PROXY).connectTimeout(PATIENCE).build();
  }

  /** Takes the texts of schemas by id: for these nobody is asked. */
  public void learn(JsonNode schemas) {
    schemas
        .fields()
        .forEachRemaining(entry -> told.put(Integer.valueOf(entry.getKey()), entry.getValue()));
  }

  private static Schema parsed(int id, JsonNode text) {
    try {
      return new Schema.Parser().parse(text.textValue());
    } catch (SchemaParseException error) {
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
      HttpResponse<String> response =
          Client.HTTP.send(request, HttpResponse.BodyHandlers.ofString());
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
