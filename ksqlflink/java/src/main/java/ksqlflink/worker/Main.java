package ksqlflink.worker;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;

/**
 * What the server asks for without Flink, one JSON object a line each way: {"id": N, "op": "...",
 * ..} is answered by {"id": N, ..} or {"id": N, "error": {"kind": "refused" or "failed", "message":
 * "..."}}, in any order. Ends with its input.
 */
public final class Main {
  private static final int END_SECONDS = 1;

  private final Ops ops = new Ops();
  private final PrintStream answers;

  private Main(OutputStream answers) {
    this.answers = new PrintStream(answers, false, StandardCharsets.US_ASCII);
  }

  public static void main(String[] arguments) {
    OutputStream answers = System.out;
    // Whoever prints something prints it into the log, not between the answers.
    System.setOut(System.err);
    try {
      serve(System.in, answers);
    } catch (Exception | Error broken) {
      end(broken); // nobody reads any more
    }
    // Whoever asked is gone: a calculation that goes on is for nobody.
    Runtime.getRuntime().halt(0);
  }

  /** Whoever started this process starts another one. */
  private static void end(Throwable broken) {
    broken.printStackTrace();
    Runtime.getRuntime().halt(1);
  }

  /**
   * Answers all requests, until there are no more. Each has a thread: one that takes long keeps no
   * other from being answered. There are as many as callers.
   */
  static void serve(InputStream requests, OutputStream answers)
      throws IOException, InterruptedException {
    Main main = new Main(answers);
    ExecutorService pool = Executors.newCachedThreadPool();
    BufferedReader lines =
        new BufferedReader(new InputStreamReader(requests, StandardCharsets.UTF_8));
    for (String line = lines.readLine(); line != null; line = lines.readLine()) {
      JsonNode request = Json.MAPPER.readTree(line);
      pool.execute(() -> main.answer(request));
    }
    pool.shutdown();
    pool.awaitTermination(END_SECONDS, TimeUnit.SECONDS);
  }

  private void answer(JsonNode request) {
    try {
      write(Json.MAPPER.writeValueAsString(answered(request)));
    } catch (IOException | Error broken) {
      end(broken); // out of memory, most likely
    }
  }

  private ObjectNode answered(JsonNode request) {
    ObjectNode answer = answerTo(request);
    try {
      ops.of(request).answer(request, answer);
      return answer;
    } catch (IllegalArgumentException refused) {
      return error(request, "refused", refused.getMessage());
    } catch (Exception | StackOverflowError failed) {
      return error(request, "failed", failed.toString());
    }
  }

  private static ObjectNode answerTo(JsonNode request) {
    return Json.MAPPER.createObjectNode().set("id", request.get("id"));
  }

  private static ObjectNode error(JsonNode request, String kind, String message) {
    ObjectNode answer = answerTo(request);
    answer.putObject("error").put("kind", kind).put("message", message);
    return answer;
  }

  private synchronized void write(String answer) {
    answers.print(answer + '\n');
    answers.flush();
  }
}
