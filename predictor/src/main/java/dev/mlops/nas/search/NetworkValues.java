package dev.mlops.nas.search;

import dev.mlops.nas.search.Spaces.Task;
import java.util.Map;

/**
 * A network's settings by name.
 *
 * @param chosen values of the active decisions
 * @param otherwise values of what is not decided
 * @param task what the network is for
 * @param multipliers of widths and depths
 */
record NetworkValues(Map<String, String> chosen, Map<String, String> otherwise, Task task, Multipliers multipliers) {
    String text(String name) {
        String value = chosen.containsKey(name) ? chosen.get(name) : otherwise.get(name);
        if (value == null) {
            throw new IllegalArgumentException("there is no setting " + name);
        }
        return value;
    }

    int whole(String name) {
        return Integer.parseInt(text(name));
    }

    /** Units or filters. */
    int channels(String name) {
        return multipliers.channels(whole(name));
    }

    /** Units that split into so many groups. */
    int channels(String name, int groups) {
        return multipliers.channels(whole(name), groups);
    }

    /** Layers or blocks in a row. */
    int repeats(String name) {
        return multipliers.repeats(whole(name));
    }

    double number(String name) {
        return Double.parseDouble(text(name));
    }

    boolean flag(String name) {
        return Boolean.parseBoolean(text(name));
    }
}
