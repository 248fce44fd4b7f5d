package guard;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.shaded.netty4.io.netty.buffer.ByteBuf;
import org.apache.flink.shaded.netty4.io.netty.buffer.Unpooled;
import org.apache.flink.shaded.netty4.io.netty.channel.ChannelHandlerContext;
import org.apache.flink.shaded.netty4.io.netty.channel.ChannelInboundHandlerAdapter;
import org.apache.flink.shaded.netty4.io.netty.channel.embedded.EmbeddedChannel;
import org.apache.flink.shaded.netty4.io.netty.handler.codec.http.HttpServerCodec;
import org.apache.flink.shaded.netty4.io.netty.util.ReferenceCountUtil;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What Flink's REST servers do with an upload once the guard is on their class path. */
final class FlinkGuardTest {
  private static final String HOST = "Host: 127.0.0.1:8081";
  private static final String BODY = "--x\r\n\r\njob\r\n--x--\r\n";

  private static final class Uploads extends ChannelInboundHandlerAdapter {
    private int messages;

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
      messages++;
      ReferenceCountUtil.release(message);
    }
  }

  private final Uploads uploads = new Uploads();
  private EmbeddedChannel channel;

  /** As Flink's REST server builds it: what is loaded comes last. */
  @BeforeEach
  void connect() {
    channel = new EmbeddedChannel(new HttpServerCodec(), uploads);
    channel
        .pipeline()
        .addLast(new FlinkGuard().createHandler(new Configuration(), Map.of()).orElseThrow());
  }

  /** Sends an upload with these further headers, and returns the answer. */
  private String sent(String headers) {
    String head = headers.isEmpty() ? "" : headers.replace("|", "\r\n") + "\r\n";
    String request =
        "POST /jobs HTTP/1.1\r\n%sContent-Type: multipart/form-data; boundary=x\r\nContent-Length: %d\r\n\r\n%s"
            .formatted(head, BODY.length(), BODY);
    channel.writeInbound(Unpooled.copiedBuffer(request, StandardCharsets.UTF_8));
    StringBuilder answer = new StringBuilder();
    for (ByteBuf part; (part = channel.readOutbound()) != null; part.release()) {
      answer.append(part.toString(StandardCharsets.UTF_8));
    }
    return answer.toString();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        HOST,
        "Host: localhost:8081",
        "Host: [::1]:8081",
        HOST + "|Origin: http://127.0.0.1:8081|Sec-Fetch-Site: same-origin"
      })
  void programsAndFlinksOwnPagesAreServed(String headers) {
    assertEquals("", sent(headers));
    assertTrue(uploads.messages > 0);
    assertTrue(channel.isOpen());
  }

  @ParameterizedTest
  @CsvSource({
    HOST + "|Origin: http://evil.example, another origin",
    HOST + "|Origin: null, another origin",
    HOST + "|Origin: http://127.0.0.1:8080, another origin",
    HOST + "|Sec-Fetch-Site: cross-site, another site",
    HOST + "|Sec-Fetch-Site: same-site, another site",
    "Host: evil.example:8081|Origin: http://evil.example:8081, does not name this machine",
    "Host: 127.0.0.1.evil.example, does not name this machine",
    "'', does not name this machine"
  })
  void nothingOfAPagesUploadIsStored(String headers, String why) {
    String answer = sent(headers);
    assertTrue(answer.startsWith("HTTP/1.1 403 Forbidden\r\n"), answer);
    assertTrue(answer.contains(why), answer);
    assertEquals(0, uploads.messages);
    assertTrue(!channel.isOpen());
  }
}
