package dev.mlops.nas.trainer;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

/**
 * All trainable values of a network in one vector, and their gradients in another, so that an optimiser step is a handful of
 * operations whatever the number of layers. Values that weight decay applies to come first.
 */
final class Parameters {
    private final List<Parameter> list = new ArrayList<>();
    private final Map<Place, Parameter> places = new HashMap<>();
    private String owner = "";
    private boolean sliced;
    private int index;
    private @Nullable INDArray values;
    private @Nullable INDArray gradients;
    private long decayed;

    /** What two networks have to have in common to share a tensor. */
    record Place(String owner, int index, List<Long> shape) {}

    /** One trainable tensor; its arrays exist after {@link #allocate}. */
    static final class Parameter {
        private final Place place;
        private final boolean sliced;
        private final long[] shape;
        private final boolean decays;
        private final double constant;
        private final double deviation;
        private long offset;
        private @Nullable INDArray value;
        private @Nullable INDArray gradient;

        private Parameter(
                Place place, boolean sliced, long[] shape, boolean decays, double constant, double deviation) {
            this.place = place;
            this.sliced = sliced;
            this.shape = shape;
            this.decays = decays;
            this.constant = constant;
            this.deviation = deviation;
        }

        long count() {
            long count = 1;
            for (var side : shape) {
                count = Math.multiplyExact(count, side);
            }
            return count;
        }

        /** What it is called in all networks that have it. */
        Place place() {
            return place;
        }

        /** Whether a smaller one of the same place is a part of it. */
        boolean isSliced() {
            return sliced;
        }

        /** Where it begins in the vector of all values. */
        long offset() {
            return offset;
        }

        INDArray value() {
            return allocated(value);
        }

        INDArray gradient() {
            return allocated(gradient);
        }
    }

    /**
     * What is asked for from here on belongs to this owner. Asked for again by the same owner, it is the same tensor.
     *
     * @param parts whether a smaller tensor of this owner may be a part of a larger one: not where the numbers of a side are of
     *     several kinds, one behind the other
     */
    void belongTo(String name, boolean parts) {
        owner = name;
        sliced = parts;
        index = 0;
    }

    /** A weight with decay, drawn from a normal distribution with deviation sqrt(gain / fanIn) (He et al. 2015 for gain 2). */
    Parameter weight(double fanIn, double gain, long... shape) {
        return add(shape, true, 0, Math.sqrt(gain / fanIn));
    }

    /** A value per channel without decay that starts at a constant. */
    Parameter constant(double start, long... shape) {
        return add(shape, false, start, 0);
    }

    private Parameter add(long[] shape, boolean decays, double constant, double deviation) {
        var place = new Place(owner, index++, Arrays.stream(shape).boxed().toList());
        var known = places.get(place);
        if (known != null) {
            return known;
        }
        var parameter = new Parameter(place, sliced, shape, decays, constant, deviation);
        places.put(place, parameter);
        list.add(parameter);
        return parameter;
    }

    /** One like that of another network, in its own or another shape. */
    void addLike(Parameter other, List<Long> shape) {
        var place = new Place(other.place.owner, other.place.index, shape);
        var sides = shape.stream().mapToLong(side -> side).toArray();
        var parameter = new Parameter(place, other.sliced, sides, other.decays, other.constant, other.deviation);
        places.put(place, parameter);
        list.add(parameter);
    }

    /** In the order in which they were asked for. */
    List<Parameter> list() {
        return List.copyOf(list);
    }

    /** The values by {@code owner/index}. */
    Map<String, INDArray> named() {
        var named = new TreeMap<String, INDArray>();
        places.forEach((place, parameter) ->
                named.put("%s/%d".formatted(place.owner.split(" ", 2)[0], place.index), parameter.value()));
        return named;
    }

    long count() {
        return list.stream().mapToLong(Parameter::count).sum();
    }

    /** Creates both vectors, gives every parameter its part, and draws the start values. */
    void allocate(SplittableRandom random) {
        long count = count();
        allocate(Nd4j.create(DataType.FLOAT, count), Nd4j.create(DataType.FLOAT, count));
        for (var parameter : list) {
            var start = new float[(int) parameter.count()];
            for (int i = 0; i < start.length; i++) {
                start[i] = (float) (parameter.constant + parameter.deviation * Gaussian.draw(random));
            }
            parameter.value().assign(Nd4j.createFromArray(start).reshape('c', parameter.shape));
        }
    }

    /** Gives every parameter its part of two vectors, which may be longer and belong to others at other times. */
    void allocate(INDArray all, INDArray slopes) {
        values = all;
        gradients = slopes;
        long offset = 0;
        for (var decays : new boolean[] {true, false}) {
            for (var parameter : list) {
                if (parameter.decays == decays) {
                    var part = NDArrayIndex.interval(offset, offset + parameter.count());
                    parameter.offset = offset;
                    parameter.value = all.get(part).reshape('c', parameter.shape);
                    parameter.gradient = slopes.get(part).reshape('c', parameter.shape);
                    offset += parameter.count();
                }
            }
            if (decays) {
                decayed = offset;
            }
        }
    }

    /** The gradients of the weights, those that decay. */
    List<INDArray> weightGradients() {
        return list.stream().filter(p -> p.decays).map(Parameter::gradient).toList();
    }

    INDArray values() {
        return allocated(values);
    }

    INDArray gradients() {
        return allocated(gradients);
    }

    /** How many values from the start of the vector weight decay applies to. */
    long decayed() {
        return decayed;
    }

    private static INDArray allocated(@Nullable INDArray array) {
        if (array == null) {
            throw new IllegalStateException("parameters are not allocated yet");
        }
        return array;
    }
}
