/* image_html.c - the page about a photograph: four pictures, how alike the maps are, what it costs
 * beside a converter, and what all of it assumes. */
#include "report_int.h"

#include "mho/image.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

static void add_head(const mho_image_result *r, mho_i_text *t) {
    const char *base = strrchr(r->path, '/');
    mho_i_text_add(t, "<h1>Edges of a photograph in a crossbar with Mott neurons</h1>\n"
                      "<p class=\"soft sans\">");
    mho_i_html_text(t, base ? base + 1 : r->path);
    mho_i_text_add(t, ", %s, %zu &#215; %zu pixels &#183; ", r->what, r->n_col, r->n_row);
    mho_i_html_text(t, r->kernels);
    mho_i_text_add(t, " &#183; seed %" PRIu64 " &#183; mho %s</p>\n", r->seed, mho_version());
    mho_i_text_add(
        t, "<p class=\"lead\">The chip&#39;s edge map agrees with exact arithmetic of the same "
           "kernels with a correlation of <strong>");
    mho_i_html_number(t, r->hardware.correlation, 3);
    mho_i_text_add(t, "</strong>; a picture takes ");
    mho_i_html_quantity(t, r->cost.energy_J, "J", 3);
    mho_i_text_add(t, " and, with one copy of the filter, ");
    mho_i_html_quantity(t, r->cost.time_s, "s", 3);
    mho_i_text_add(t, ".</p>\n");
}

static mho_status add_view(mho_ctx *ctx, const mho_image_result *r, mho_i_text *t,
                           const uint8_t *pixels, const char *name, const char *caption) {
    mho_i_text_add(t, "<figure>");
    mho_status status = mho_i_html_photo(ctx, t, pixels, r->views.n_row, r->views.n_col, name);
    mho_i_text_add(t, "<figcaption><strong>%s</strong> %s</figcaption></figure>\n", name, caption);
    return status;
}

static mho_status add_pictures(mho_ctx *ctx, const mho_image_result *r, mho_i_text *t) {
    const mho_image_views *v = &r->views;
    mho_i_html_section(t, "pictures", "Pictures");
    mho_i_text_add(t, "<div class=\"pair\">\n");
    mho_status status = add_view(ctx, r, t, v->photo, "Photograph", "brightness");
    if (status == MHO_OK) {
        status = add_view(ctx, r, t, v->exact, "Exact edges",
                          "same kernels, exact arithmetic and ReLU; white is E &#8805; 0.5");
    }
    if (status == MHO_OK) {
        status = add_view(ctx, r, t, v->hardware, "Hardware edges",
                          "one chip with every imperfection; white is E &#8805; 0.5");
    }
    if (status == MHO_OK) {
        status = add_view(ctx, r, t, v->difference, "Difference",
                          "hardware minus exact: grey 0, white +0.5, black &#8722;0.5");
    }
    mho_i_text_add(t, "</div>\n");
    if (v->factor > 1) {
        mho_i_text_add(
            t,
            "<p class=\"soft sans\">Shown smaller: a pixel here is the mean of %zu &#215; "
            "%zu pixels of the photograph, and the strongest of them in the maps.</p>\n",
            v->factor, v->factor);
    }
    return status;
}

static void likeness_row(mho_i_text *t, const char *name, const mho_image_likeness *l) {
    const double value[] = {l->correlation, l->ssim, l->largest_difference, l->rms_difference};
    mho_i_html_row(t, name);
    for (int k = 0; k < 4; k++) {
        mho_i_text_add(t, "<td class=\"n\">");
        mho_i_html_number(t, value[k], k < 2 ? 4 : 3);
        mho_i_text_add(t, "</td>");
    }
    mho_i_text_add(t, "</tr>\n");
}

static void add_likeness(const mho_image_result *r, mho_i_text *t) {
    mho_i_html_section(t, "likeness", "How alike the maps are");
    mho_i_text_add(t, "<div class=\"scroll\"><table>\n<thead><tr><th>against exact "
                      "arithmetic</th><th class=\"n\">correlation"
                      "</th><th class=\"n\">structural similarity</th><th class=\"n\">largest "
                      "difference</th><th class=\"n\">rms difference</th></tr></thead>\n<tbody>\n");
    likeness_row(t, "hardware", &r->hardware);
    likeness_row(t, "plain Sobel magnitude", &r->sobel);
    mho_i_text_add(
        t, "</tbody>\n</table></div>\n<p class=\"soft\">Structural similarity (SSIM, Wang et al. "
           "2004) "
           "compares local structure down to contrasts of about 0.01; on an edge map most of "
           "the picture is flat and dark, and there it sees the noise of the chip.</p>\n");
}

static void pair_row(mho_i_text *t, const char *name, double ours, double theirs,
                     const char *unit) {
    mho_i_html_row(t, name);
    mho_i_text_add(t, "<td class=\"n\">");
    mho_i_html_quantity(t, ours, unit, 3);
    mho_i_text_add(t, "</td><td class=\"n\">");
    mho_i_html_quantity(t, theirs, unit, 3);
    mho_i_text_add(t, "</td></tr>\n");
}

static void add_cost(const mho_image_result *r, mho_i_text *t) {
    const mho_image_cost *c = &r->cost;
    mho_i_html_section(t, "cost", "Energy, time and area");
    mho_i_text_add(
        t, "<table>\n<thead><tr><th></th><th class=\"n\">Mott neurons</th><th class=\"n\">");
    mho_i_html_text(t, c->adc_name);
    mho_i_text_add(t, "</th></tr></thead>\n<tbody>\n");
    pair_row(t, "one activation", c->pixel.neuron_energy_J, c->adc_activation_J, "J");
    pair_row(t, "all activations of the picture", c->neuron_J, c->adc_activations_J, "J");
    pair_row(t, "the picture, with converters, array, amplifiers", c->energy_J, c->adc_energy_J,
             "J");
    pair_row(t, "time of the picture, one copy of the filter", c->time_s, c->adc_time_s, "s");
    mho_i_text_add(t, "</tbody>\n</table>\n<p class=\"soft\">");
    mho_i_html_count(t, c->n_activation);
    mho_i_text_add(t, " activations. The ADC&#39;s figures are ");
    mho_i_html_text(t, c->adc_source);
    mho_i_text_add(
        t, "; its column uses the same input DACs, array and column amplifiers, on for read and "
           "conversion of a pixel because nothing has to settle (our assumption; keys adc_time "
           "and adc_columns of the chip file). With N copies of the filter side by side, time "
           "falls "
           "and area grows N times; the energy stays.</p>\n<div class=\"three\">\n");
    mho_i_html_cost_table(t, "Energy of a pixel", &c->pixel.energy_J, "J");
    mho_i_html_cost_table(t, "Time of a pixel", &c->pixel.latency_s, "s");
    mho_i_html_cost_table(t, "Area of the filter", &c->pixel.area_m2, "m2");
    mho_i_text_add(t, "</div>\n");
}

static void add_assumptions(const mho_image_result *r, mho_i_text *t) {
    mho_i_html_section(t, "assumptions", "What this assumes");
    mho_i_text_add(
        t,
        "<ul>\n<li>Brightness is luma (0.299 R + 0.587 G + 0.114 B) as stored in the file, "
        "transparent parts on white; it goes through a %.0f-bit input DAC. Beyond the border "
        "the outermost pixels are repeated.</li>\n",
        r->spec.input_bits);
    mho_i_text_add(
        t,
        "<li>%zu kernel%s of %zu &#215; %zu, scaled so that a full step from black to white "
        "gives 1, each written as it is and negated, because a neuron rectifies; %zu column "
        "pairs with one neuron each, which sees every pixel in turn and is reset in "
        "between.</li>\n",
        r->n_kernel, r->n_kernel == 1 ? "" : "s", r->k, r->k, 2 * r->n_kernel);
    mho_i_text_add(
        t,
        "<li>Every kernel is written %zu time%s on word lines driven alike, which averages "
        "the errors of programming (%.1f&#8239;%% of the range rms here).</li>\n",
        r->n_copy, r->n_copy == 1 ? "" : "s", 100 * r->program.write.error_rel);
    mho_i_text_add(
        t,
        "<li>The amplifier&#39;s gain makes a full step z = %.3g; responses end where the "
        "amplifier does, at z = %.3g, so that edges stronger than %.2f of a full step look "
        "alike.</li>\n",
        r->gain, r->spec.z_max, r->spec.z_max / r->gain);
    mho_i_text_add(
        t,
        "<li>A neuron&#39;s output is not 0 at rest. The nominal output at z = 0 (%.3f of "
        "that at z = 1) is subtracted digitally for each output after reading, and the sum is "
        "clipped to 0..1: the same numbers for every chip, nothing measured on this one."
        "</li>\n",
        r->rest_activation);
    mho_i_text_add(
        t, "<li>Neurons, cells, wires and periphery are those of the chip file; everything about "
           "them stands in the report of <code>mho run</code>.</li>\n</ul>\n");
}

mho_status mho_image_report_html(mho_ctx *ctx, const mho_image_result *r, const char *path) {
    if (!r->compared || !r->views.n_row) {
        return mho_i_fail(
            ctx, MHO_ERR_ARG,
            "%s: compared: %s, views of %zu rows: a report needs compare and keep_views", r->path,
            r->compared ? "yes" : "no", r->views.n_row);
    }
    mho_i_text page;
    mho_i_text_init(&page, ctx);
    mho_i_html_begin(&page, "Edges of a photograph in a crossbar with Mott neurons");
    add_head(r, &page);
    mho_status status = add_pictures(ctx, r, &page);
    if (status == MHO_OK) {
        add_likeness(r, &page);
        add_cost(r, &page);
        add_assumptions(r, &page);
        mho_i_html_end(&page);
        status = page.status;
    }
    if (status == MHO_OK) {
        status = mho_i_file_write(ctx, path, page.data, page.len);
    }
    mho_i_text_free(&page);
    return status;
}
