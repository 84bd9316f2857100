package dev.mlops.nas.search;

import dev.mlops.nas.search.Spaces.Task;
import java.util.Map;

/**
 * A network's settings by name.
 *
 * @param chosen values of the active decisions
 * @param otherwise values of what is not decided
 * @param task what the network is for
 */
record NetworkValues(Map<String, String> chosen, Map<String, String> otherwise, Task task) {
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

    double number(String name) {
        return Double.parseDouble(text(name));
    }

    boolean flag(String name) {
        return Boolean.parseBoolean(text(name));
    }
}
