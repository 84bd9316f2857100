package dev.mlops.nas.trainer;

import dev.mlops.nas.trainer.Nvml.NvmlException;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalDouble;
import java.util.stream.Collectors;

/** The energy that a training takes: of the parts of the machine that compute, as far as the machine tells, and of no others. */
final class Energy {
    private final List<Meter> meters;
    private final List<String> missing;

    /**
     * A measurement by these meters.
     *
     * @param missing parts that compute but have no meter, each with the reason
     */
    Energy(List<? extends Meter> meters, List<String> missing) {
        this.meters = List.copyOf(meters);
        this.missing = List.copyOf(missing);
    }

    /** A measurement that begins now, of the processors and of the GPU where one computes. */
    static Energy ofThisMachine() {
        var meters = new ArrayList<Meter>();
        var missing = new ArrayList<String>();
        meters.add(Rapl.from(Rapl.SYSTEM));
        if (Backend.ofThisBuild() == Backend.GPU) {
            try {
                var driver = Nvml.ofThisMachine();
                meters.add(new GpuMeter(driver, Backend.computing(driver.gpus(), System.getenv())));
            } catch (NvmlException e) {
                missing.add("the GPU (%s)".formatted(e.getMessage()));
            }
        }
        return new Energy(meters, missing);
    }

    /** Takes in what was used since the last reading. */
    void read() {
        meters.forEach(Meter::read);
    }

    /** Joules from the beginning to the last reading, of all meters that tell; empty where none does. */
    OptionalDouble joules() {
        var known = meters.stream()
                .map(Meter::joules)
                .filter(OptionalDouble::isPresent)
                .toList();
        return known.isEmpty()
                ? OptionalDouble.empty()
                : OptionalDouble.of(
                        known.stream().mapToDouble(OptionalDouble::getAsDouble).sum());
    }

    /** What the joules are of, and what is left out for which reason. */
    String told() {
        var counted = meters.stream()
                .filter(meter -> meter.missing() == null)
                .map(Meter::what)
                .collect(Collectors.joining(", "));
        var unknown = new ArrayList<String>();
        for (var meter : meters) {
            if (meter.missing() != null) {
                unknown.add("%s (%s)".formatted(meter.what(), meter.missing()));
            }
        }
        unknown.addAll(missing);
        var without = String.join(", ", unknown);
        return counted.isEmpty()
                ? "not available: " + without
                : unknown.isEmpty() ? counted : "%s; without %s".formatted(counted, without);
    }
}
