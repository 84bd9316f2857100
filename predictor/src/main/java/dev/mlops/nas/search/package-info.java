/**
 * The search engine: spaces, strategies, surrogates, the protocol and the experiment's decision function
 * {@link dev.mlops.nas.search.Experiments#decide}. Pure: no clock, no file, no network, no static state.
 */
@NullMarked
package dev.mlops.nas.search;

import org.jspecify.annotations.NullMarked;
