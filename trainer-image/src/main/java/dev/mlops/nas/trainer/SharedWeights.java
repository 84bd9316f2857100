package dev.mlops.nas.trainer;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.mlops.nas.trainer.Parameters.Parameter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * Weights that many architectures share: those of a node of the same name and operator. A larger tensor holds the smaller ones, see
 * {@link Slice}; where the numbers of a side are of several kinds, as the gates of a recurrence, tensors of another shape are apart.
 */
final class SharedWeights {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String TABLE = "shared-weights.json";

    /**
     * One of them.
     *
     * @param owner name and operator of the node
     * @param index among the tensors of the node
     * @param sliced whether smaller tensors are parts of it
     * @param shape the largest that any path has
     * @param offset of its first number among all
     */
    record Tensor(String owner, int index, boolean sliced, List<Long> shape, long offset) {
        private Key key() {
            return new Key(owner, index, sliced ? List.of() : shape);
        }
    }

    /** What the file {@value #TABLE} holds, beside a {@link Checkpoint}. */
    record Table(String fingerprint, int epochs, List<Tensor> tensors) {}

    /** The same for all tensors that are parts of one. */
    private record Key(String owner, int index, List<Long> exact) {
        static Key of(Parameter parameter) {
            var place = parameter.place();
            return new Key(place.owner(), place.index(), parameter.isSliced() ? List.of() : place.shape());
        }
    }

    private final List<Tensor> tensors;
    private final Map<Key, Tensor> byKey = new HashMap<>();
    private final float[] values;

    /**
     * Weights as they are.
     *
     * @param values of all tensors, where their offsets say
     */
    SharedWeights(List<Tensor> tensors, float[] values) {
        this.tensors = tensors;
        this.values = values;
        tensors.forEach(tensor -> byKey.put(tensor.key(), tensor));
    }

    /** Tensors that hold those of all networks, without numbers. */
    static Parameters union(List<Network> networks) {
        var largest = new LinkedHashMap<Key, Largest>();
        for (var network : networks) {
            for (var parameter : network.parameters().list()) {
                largest.merge(
                        Key.of(parameter),
                        new Largest(parameter, parameter.place().shape()),
                        Largest::or);
            }
        }
        var union = new Parameters();
        largest.values().forEach(one -> union.addLike(one.like, one.shape));
        return union;
    }

    /** The sides that hold all tensors of a key, and one of these. */
    private record Largest(Parameter like, List<Long> shape) {
        Largest or(Largest other) {
            return new Largest(
                    like,
                    IntStream.range(0, shape.size())
                            .mapToObj(side -> Math.max(shape.get(side), other.shape.get(side)))
                            .toList());
        }
    }

    /** The weights of a {@link #union} that has its numbers. */
    static SharedWeights of(Parameters union) {
        return new SharedWeights(
                union.list().stream()
                        .map(p -> new Tensor(
                                p.place().owner(),
                                p.place().index(),
                                p.isSliced(),
                                p.place().shape(),
                                p.offset()))
                        .toList(),
                union.values().toFloatVector());
    }

    /**
     * Reads what a training of shared weights left in a folder.
     *
     * @throws TrialException with exit code 65 when they are missing, damaged or not trained to the end
     */
    static SharedWeights read(Path folder) {
        var path = folder.resolve(TABLE);
        if (!Files.exists(path)) {
            throw TrialException.data("The shared weights are missing: %s does not exist.", path);
        }
        try {
            var table = JSON.readValue(Files.readAllBytes(path), Table.class);
            long fingerprint = Long.parseUnsignedLong(table.fingerprint(), 16);
            var trained = Checkpoint.read(Checkpoint.path(folder, fingerprint), fingerprint);
            if (trained == null || trained.vectors().isEmpty()) {
                throw TrialException.data("The shared weights in %s are missing or damaged.", folder);
            }
            if (trained.history().size() < table.epochs()) {
                throw TrialException.data(
                        "The shared weights in %s are trained for %d of %d epochs only.",
                        folder, trained.history().size(), table.epochs());
            }
            return new SharedWeights(table.tensors(), trained.vectors().getFirst());
        } catch (IOException | NumberFormatException e) {
            throw TrialException.data("The shared weights in %s are damaged: %s cannot be read.", folder, TABLE);
        }
    }

    /** Says in a folder which tensors its checkpoint holds. */
    void describe(Path folder, long fingerprint, int epochs) throws IOException {
        try {
            Files.createDirectories(folder);
            ResultWriter.write(
                    JSON.writeValueAsBytes(new Table(Long.toHexString(fingerprint), epochs, tensors)),
                    folder.resolve(TABLE));
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Takes over what an optimiser has made of the union. */
    void update(Parameters union) {
        Floats.read(union.values(), values);
    }

    /**
     * Gives a network the weights that it inherits.
     *
     * @throws TrialException with exit code 69 when there are none for one of its nodes
     */
    void lend(Network network) {
        var parameters = network.parameters();
        var own = new float[Math.toIntExact(parameters.count())];
        for (var parameter : parameters.list()) {
            var tensor = tensor(parameter);
            int from = Math.toIntExact(tensor.offset());
            int to = Math.toIntExact(parameter.offset());
            new Slice(tensor.shape(), parameter.place().shape())
                    .forEach((whole, part, length) -> System.arraycopy(values, from + whole, own, to + part, length));
        }
        Floats.write(own, parameters.values());
    }

    /** Adds a network's gradients to those of all weights. */
    void collect(Network network, float[] gradients) {
        var parameters = network.parameters();
        var own = new float[Math.toIntExact(parameters.count())];
        Floats.read(parameters.gradients(), own);
        for (var parameter : parameters.list()) {
            var tensor = tensor(parameter);
            int to = Math.toIntExact(tensor.offset());
            int from = Math.toIntExact(parameter.offset());
            new Slice(tensor.shape(), parameter.place().shape()).forEach((whole, part, length) -> {
                for (int i = 0; i < length; i++) {
                    gradients[to + whole + i] += own[from + part + i];
                }
            });
        }
    }

    private Tensor tensor(Parameter parameter) {
        var tensor = byKey.get(Key.of(parameter));
        if (tensor == null || !Slice.fits(tensor.shape(), parameter.place().shape())) {
            var owner = parameter.place().owner().split(" ", 2);
            throw TrialException.infeasible(
                    "Node %s (%s) has no shared weights of shape %s: none of the architectures that they were trained on"
                            + " has such.",
                    owner[0], owner[1], parameter.place().shape());
        }
        return tensor;
    }
}
