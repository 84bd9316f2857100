package dev.mlops.nas.devcluster;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;

class PathRewriterTest {
    private final PathRewriter rewriter = new PathRewriter(Map.of(
            "/data", Path.of("/here/pod/volumes/data"),
            "/data/deep", Path.of("/here/deep"),
            "/here", Path.of("/elsewhere"),
            "/etc/nas", Path.of("/here/etc")));

    @Test
    void replacesAPathThatStandsAloneOrBeginsALongerOne() {
        assertThat(rewriter.rewrite("/data")).isEqualTo("/here/pod/volumes/data");
        assertThat(rewriter.rewrite("/data/x.csv")).isEqualTo("/here/pod/volumes/data/x.csv");
        assertThat(rewriter.rewrite("--in=/data/x.csv")).isEqualTo("--in=/here/pod/volumes/data/x.csv");
        assertThat(rewriter.rewrite("cat '/etc/nas/trial.json' > /data/out"))
                .isEqualTo("cat '/here/etc/trial.json' > /here/pod/volumes/data/out");
        assertThat(rewriter.rewrite("{\"uri\":\"file:///data/x\"}"))
                .isEqualTo("{\"uri\":\"file:///here/pod/volumes/data/x\"}");
    }

    @Test
    void takesTheLongestMountAndReplacesOnce() {
        assertThat(rewriter.rewrite("/data/deep/x:/data")).isEqualTo("/here/deep/x:/here/pod/volumes/data");
    }

    @Test
    void leavesOtherPathsAlone() {
        for (var text : new String[] {"/database", "/my/data", "http://host/data", "data", "/data.csv", "./data"}) {
            assertThat(rewriter.rewrite(text)).isEqualTo(text);
        }
    }
}
