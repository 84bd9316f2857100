/**
 * What a finished search tells people: the table at the end of {@code nas run}, and the report as HTML and Markdown. Functions
 * of {@link dev.mlops.nas.report.SearchRecord} alone; both shells use them.
 */
@NullMarked
package dev.mlops.nas.report;

import org.jspecify.annotations.NullMarked;
