package dev.mlops.nas.search;

import dev.mlops.nas.search.Spaces.ChainOptions;
import dev.mlops.nas.search.Spaces.StageOptions;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;

/** The preset small-cnn: three stages for images from 8x8 to about 32x32, at full, half and quarter resolution. */
final class SmallCnn {
    static final ChainOptions OPTIONS = new ChainOptions(
            16,
            List.of(
                    stage("s1", 1, List.of(8, 16, 24)),
                    stage("s2", 2, List.of(16, 32, 48)),
                    stage("s3", 2, List.of(32, 64, 96))),
            List.of(0.0, 0.2));

    /**
     * Human designs: 5x5 convolutions without a shortcut (LeCun et al. 1998), 3x3 convolutions with residuals (He et al. 2016),
     * inverted bottlenecks (Sandler et al. 2018).
     */
    static final Map<String, Map<String, String>> DESIGNS = designs();

    private static StageOptions stage(String name, int stride, List<Integer> widths) {
        return new StageOptions(
                name,
                stride,
                List.of(1, 2),
                List.of("conv", "separable", "mbconv"),
                List.of(3, 5),
                List.of(2, 4),
                widths,
                List.of(false, true));
    }

    private static Map<String, Map<String, String>> designs() {
        var designs = new LinkedHashMap<String, Map<String, String>>();
        designs.put("lenet-like", design("1", "conv", "5", List.of("8", "16", "32"), "false"));
        designs.put("resnet-like", design("2", "conv", "3", List.of("16", "32", "64"), "true"));
        SequencedMap<String, String> mobile = design("2", "mbconv", "3", List.of("16", "32", "64"), "true");
        for (int s = 1; s <= 3; s++) {
            mobile.put("s" + s + ".expansion", "4");
        }
        designs.put("mobilenet-like", mobile);
        return designs;
    }

    private static SequencedMap<String, String> design(
            String depth, String operator, String kernel, List<String> widths, String skip) {
        var values = new LinkedHashMap<String, String>();
        for (int s = 1; s <= 3; s++) {
            values.put("s" + s + ".depth", depth);
            values.put("s" + s + ".operator", operator);
            values.put("s" + s + ".kernel", kernel);
            values.put("s" + s + ".width", widths.get(s - 1));
            values.put("s" + s + ".skip", skip);
        }
        values.put("head.dropout", "0.0");
        return values;
    }

    private SmallCnn() {}
}
