package dev.mlops.nas.search;

import dev.mlops.nas.search.NetworkKind.Setting;
import dev.mlops.nas.search.Spaces.Task;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Convolutions along time, then recurrent layers (LSTM: Hochreiter and Schmidhuber 1997; GRU: Cho et al. 2014), then pooling over
 * time, dropout, dense. Either part may be left out. Examples have height 1.
 *
 * @param convolutions blocks of convolution, normalisation and activation
 * @param filters channels of each
 * @param kernel width of each
 * @param stride of each
 * @param norm none, batch or layer
 * @param activation relu, gelu, silu or tanh
 * @param residual whether a block's input is added to its result where both have the same shape
 * @param recurrence none, lstm or gru
 * @param layers recurrent layers
 * @param units of each, in each direction
 * @param bidirectional whether each reads the sequence from both ends
 * @param pooling mean, max or last
 * @param dropout rate in front of the last layer
 */
record Signal(
        int convolutions,
        int filters,
        int kernel,
        int stride,
        String norm,
        String activation,
        boolean residual,
        String recurrence,
        int layers,
        int units,
        boolean bidirectional,
        String pooling,
        double dropout)
        implements Network {
    static final List<Setting> SETTINGS = List.of(
            Setting.whole("convolutions", 2, 0, 32),
            Setting.whole("filters", 32, 1, 4_096),
            Setting.whole("kernel", 3, 1, 255),
            Setting.whole("stride", 1, 1, 16),
            Setting.oneOf("norm", "batch", "none", "layer"),
            Setting.oneOf("activation", "relu", "gelu", "silu", "tanh"),
            Setting.flag("residual"),
            Setting.oneOf("recurrence", "none", "lstm", "gru"),
            Setting.whole("layers", 1, 1, 16),
            Setting.whole("units", 32, 1, 4_096),
            Setting.flag("bidirectional"),
            Setting.oneOf("pooling", "mean", "max", "last"),
            Setting.rate("dropout"));

    /** The preset signal-1d. */
    static final List<Parameter> PRESET = List.of(
            new Parameter("convolutions", new Parameter.Whole(0, 4, 1, false), ""),
            new Parameter("filters", new Parameter.Choice(List.of("16", "32", "64")), "convolutions >= 1"),
            new Parameter("kernel", new Parameter.Choice(List.of("3", "5", "9")), "convolutions >= 1"),
            new Parameter("stride", new Parameter.Choice(List.of("1", "2")), "convolutions >= 1"),
            new Parameter(
                    "residual", new Parameter.Choice(List.of("false", "true")), "convolutions >= 2 && stride == 1"),
            new Parameter("recurrence", new Parameter.Choice(List.of("none", "lstm", "gru")), ""),
            new Parameter("layers", new Parameter.Choice(List.of("1", "2")), "recurrence != none"),
            new Parameter("units", new Parameter.Choice(List.of("16", "32", "64")), "recurrence != none"),
            new Parameter("bidirectional", new Parameter.Choice(List.of("false", "true")), "recurrence != none"),
            new Parameter("pooling", new Parameter.Choice(List.of("mean", "max", "last")), ""),
            new Parameter("dropout", new Parameter.Choice(List.of("0", "0.2")), ""));

    /**
     * Human designs: a convolutional network (Wang et al., "Time Series Classification from Scratch", IJCNN 2017), a recurrent one,
     * and convolutions below a recurrent layer (Ordóñez and Roggen, "DeepConvLSTM", Sensors 2016).
     */
    static final Map<String, Map<String, String>> DESIGNS = designs();

    private static Map<String, Map<String, String>> designs() {
        var designs = new LinkedHashMap<String, Map<String, String>>();
        designs.put(
                "fcn-like",
                Map.of(
                        "convolutions", "3",
                        "filters", "64",
                        "kernel", "5",
                        "stride", "1",
                        "residual", "false",
                        "recurrence", "none",
                        "pooling", "mean",
                        "dropout", "0"));
        designs.put(
                "lstm-like",
                Map.of(
                        "convolutions", "0",
                        "recurrence", "lstm",
                        "layers", "2",
                        "units", "64",
                        "bidirectional", "false",
                        "pooling", "last",
                        "dropout", "0.2"));
        designs.put("conv-lstm-like", convLstm());
        return designs;
    }

    private static Map<String, String> convLstm() {
        var design = new LinkedHashMap<String, String>();
        design.put("convolutions", "4");
        design.put("filters", "64");
        design.put("kernel", "5");
        design.put("stride", "1");
        design.put("residual", "false");
        design.put("recurrence", "lstm");
        design.put("layers", "2");
        design.put("units", "64");
        design.put("bidirectional", "false");
        design.put("pooling", "last");
        design.put("dropout", "0.2");
        return design;
    }

    /** What belongs to a part that is left out has no effect; nor has a stride where one position is left, or pooling over one. */
    static Signal of(NetworkValues values) {
        int length = values.task().width();
        int convolutions = values.repeats("convolutions");
        int stride = length == 1 ? 1 : values.whole("stride");
        int filters = values.channels("filters");
        boolean conv = convolutions > 0;
        boolean recurs = !values.text("recurrence").equals("none");
        for (int i = 0; i < convolutions; i++) {
            length = Layers.strided(length, stride);
        }
        boolean added = conv && stays(values, convolutions, filters, stride);
        return new Signal(
                convolutions,
                conv ? filters : 1,
                conv ? values.whole("kernel") : 1,
                conv ? stride : 1,
                conv ? values.text("norm") : "none",
                conv ? values.text("activation") : "relu",
                added && values.flag("residual"),
                values.text("recurrence"),
                recurs ? values.repeats("layers") : 0,
                recurs ? values.channels("units") : 0,
                recurs && values.flag("bidirectional"),
                length == 1 ? "mean" : values.text("pooling"),
                values.number("dropout"));
    }

    /** Whether any block keeps its input's shape: with a stride, one that begins where a single position is left. */
    private static boolean stays(NetworkValues values, int convolutions, int filters, int stride) {
        int channels = values.task().channels();
        int length = values.task().width();
        for (int i = 0; i < convolutions; i++) {
            int after = Layers.strided(length, stride);
            if (channels == filters && after == length) {
                return true;
            }
            channels = filters;
            length = after;
        }
        return false;
    }

    @Override
    public Graph graph(Task task) {
        var graph = new NetworkBuilder();
        String last = graph.toSequence("sequence", graph.input(task));
        for (int i = 1; i <= convolutions; i++) {
            last = convolution(graph, "conv" + i, last);
        }
        for (int i = 1; i <= layers; i++) {
            last = recurrent(graph, recurrence + i, last);
        }
        last = switch (pooling) {
            case "mean" -> graph.globalAvgPool("head.pool", last);
            case "max" -> graph.globalMaxPool("head.pool", last);
            default -> graph.lastPosition("head.last", last);
        };
        last = Network.dropout(graph, "head.dropout", last, dropout);
        graph.dense("head.logits", last, task.classes());
        return graph.build();
    }

    private String convolution(NetworkBuilder graph, String name, String input) {
        int step = graph.shape(input).get(1) == 1 ? 1 : stride;
        String last = graph.conv1d(name + ".conv", input, filters, kernel, step);
        last = Network.norm(graph, name + ".norm", last, norm);
        last = Network.activation(graph, name + "." + activation, last, activation);
        boolean keeps = graph.shape(last).equals(graph.shape(input));
        return residual && keeps ? graph.sum(name + ".sum", List.of(input, last)) : last;
    }

    private String recurrent(NetworkBuilder graph, String name, String input) {
        String forward = graph.recurrent(name + ".forward", recurrence, input, units, false);
        if (!bidirectional) {
            return forward;
        }
        String backward = graph.recurrent(name + ".backward", recurrence, input, units, true);
        return graph.concat(name + ".both", List.of(forward, backward));
    }
}
