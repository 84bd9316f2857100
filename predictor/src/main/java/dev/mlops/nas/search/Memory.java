package dev.mlops.nas.search;

import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import java.util.function.Supplier;

/** Results of computations that their keys determine, so that forgetting changes times alone; the last few are kept. */
final class Memory {
    private final Map<Object, Object> recent;

    /** Keeps so many. */
    Memory(int kept) {
        this.recent = new LinkedHashMap<>(16, 0.75f, true) {
            private static final long serialVersionUID = 1L;

            @Override
            protected boolean removeEldestEntry(Map.Entry<Object, Object> eldest) {
                return size() > kept;
            }
        };
    }

    /** The result for a key. */
    @SuppressWarnings("unchecked")
    synchronized <T> T of(Object key, Supplier<T> computation) {
        T known = (T) recent.get(key);
        if (known == null) {
            known = computation.get();
            recent.put(key, known);
        }
        return known;
    }

    /**
     * The results for some keys; what is unknown is computed side by side.
     *
     * @param computation asks this memory for nothing
     */
    @SuppressWarnings("unchecked")
    synchronized <K, T> Map<K, T> all(List<K> keys, Function<K, T> computation) {
        Map<K, T> computed = new ConcurrentHashMap<>();
        keys.stream().filter(k -> !recent.containsKey(k)).distinct().toList().parallelStream()
                .forEach(k -> computed.put(k, computation.apply(k)));
        Map<K, T> all = new HashMap<>();
        for (K key : keys) {
            T known = computed.containsKey(key) ? computed.get(key) : (T) recent.get(key);
            all.put(key, known);
        }
        recent.putAll(all);
        return all;
    }
}
