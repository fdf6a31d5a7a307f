/* Adds to a drawn PDF what cairo cannot write: language, display of the title, alternative text,
 * XMP, the attached credential. Through qpdf's C interface, and only for what was drawn here:
 * cert_pdf_read.c reads what strangers give. */
#include <qpdf/qpdf-c.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/text.h"
#include "cert/cert_draw.h"
#include "cert/cert_paper.h"

#define FILE_NAME "credential.json"
#define STRUCTURE_DEPTH 6

static void cleanup(void *q) {
    qpdf_data data = q;
    if (qpdf_has_error(data)) qpdf_get_error(data); /* else it is printed */
    qpdf_cleanup(&data);
}

/* Opens a PDF for the arena to close. Nothing is printed on standard error. */
static qpdf_data open_pdf(struct arena *a, const unsigned char *bytes, size_t len) {
    qpdf_data q = qpdf_init();
    arena_defer(a, cleanup, q);
    qpdf_silence_errors(q);
    qpdf_set_suppress_warnings(q, QPDF_TRUE);
    if (qpdf_read_memory(q, "certificate", (const char *)bytes, len, NULL) & QPDF_ERRORS)
        return NULL;
    return q;
}

static qpdf_oh name_of(qpdf_data q, const char *name) { return qpdf_oh_new_name(q, name); }

static void put_name(qpdf_data q, qpdf_oh dict, const char *key, const char *name) {
    qpdf_oh_replace_key(q, dict, key, name_of(q, name));
}

static void put_text(qpdf_data q, qpdf_oh dict, const char *key, const char *text) {
    qpdf_oh_replace_key(q, dict, key, qpdf_oh_new_unicode_string(q, text));
}

/* An uncompressed stream, so that simple programs find it. */
static qpdf_oh new_stream(qpdf_data q, const char *text) {
    qpdf_oh stream = qpdf_oh_new_stream(q);
    qpdf_oh_replace_stream_data(q, stream, (const unsigned char *)text, strlen(text),
                                qpdf_oh_new_null(q), qpdf_oh_new_null(q));
    return stream;
}

static qpdf_oh get_or_make(qpdf_data q, qpdf_oh dict, const char *key) {
    qpdf_oh value = qpdf_oh_get_key(q, dict, key);
    if (qpdf_oh_is_dictionary(q, value)) return value;
    value = qpdf_oh_new_dictionary(q);
    qpdf_oh_replace_key(q, dict, key, value);
    return qpdf_oh_get_key(q, dict, key);
}

static const char *pdf_date(struct arena *a, int64_t ms) {
    const char *iso = time_iso(a, ms); /* 2026-11-22T04:10:51Z */
    return arena_printf(a, "D:%.4s%.2s%.2s%.2s%.2s%.2sZ", iso, iso + 5, iso + 8, iso + 11, iso + 14,
                        iso + 17);
}

static void attach(qpdf_data q, struct arena *a, const struct cert_paper *p) {
    qpdf_oh root = qpdf_get_root(q), stream = new_stream(q, p->credential),
            dict = qpdf_oh_get_dict(q, stream);
    put_name(q, dict, "/Type", "/EmbeddedFile");
    put_name(q, dict, "/Subtype", "/application/vc");
    qpdf_oh params = qpdf_oh_new_dictionary(q);
    qpdf_oh_replace_key(q, params, "/Size",
                        qpdf_oh_new_integer(q, (long long)strlen(p->credential)));
    put_text(q, params, "/CreationDate", pdf_date(a, p->issued_ms));
    put_text(q, params, "/ModDate", pdf_date(a, p->issued_ms));
    qpdf_oh_replace_key(q, dict, "/Params", params);

    qpdf_oh file = qpdf_oh_new_dictionary(q), embedded = qpdf_oh_new_dictionary(q);
    put_name(q, file, "/Type", "/Filespec");
    put_text(q, file, "/F", FILE_NAME);
    put_text(q, file, "/UF", FILE_NAME);
    put_text(q, file, "/Desc", arena_printf(a, "Open Badges 3.0 credential %s", p->number));
    put_name(q, file, "/AFRelationship", "/Data");
    qpdf_oh_replace_key(q, embedded, "/F", stream);
    qpdf_oh_replace_key(q, embedded, "/UF", stream);
    qpdf_oh_replace_key(q, file, "/EF", embedded);
    file = qpdf_make_indirect_object(q, file);

    qpdf_oh associated = qpdf_oh_new_array(q), tree = qpdf_oh_new_dictionary(q),
            names = qpdf_oh_new_array(q);
    qpdf_oh_append_item(q, associated, file);
    qpdf_oh_replace_key(q, root, "/AF", associated);
    qpdf_oh_append_item(q, names, qpdf_oh_new_unicode_string(q, FILE_NAME));
    qpdf_oh_append_item(q, names, file);
    qpdf_oh_replace_key(q, tree, "/Names", names);
    qpdf_oh_replace_key(q, get_or_make(q, root, "/Names"), "/EmbeddedFiles", tree);
}

static void add_metadata(qpdf_data q, struct arena *a, const struct cert_paper *p) {
    struct buf b;
    buf_init(&b, a);
    buf_puts(&b,
             "<?xpacket begin=\"\xef\xbb\xbf\" id=\"W5M0MpCehiHzreSzNTczkc9d\"?>\n"
             "<x:xmpmeta xmlns:x=\"adobe:ns:meta/\"><rdf:RDF "
             "xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\">"
             "<rdf:Description rdf:about=\"\" xmlns:dc=\"http://purl.org/dc/elements/1.1/\" "
             "xmlns:xmp=\"http://ns.adobe.com/xap/1.0/\">\n<dc:format>application/pdf</dc:format>"
             "<dc:title><rdf:Alt><rdf:li xml:lang=\"x-default\">");
    const char *title = arena_printf(a, "%s · %s · %s", p->title, p->holder, p->number);
    buf_html(&b, title, strlen(title));
    buf_puts(&b, "</rdf:li></rdf:Alt></dc:title><dc:creator><rdf:Seq><rdf:li>");
    buf_html(&b, p->body, strlen(p->body));
    buf_puts(&b, "</rdf:li></rdf:Seq></dc:creator><dc:language><rdf:Bag><rdf:li>");
    buf_html(&b, p->language, strlen(p->language));
    buf_puts(&b, "</rdf:li></rdf:Bag></dc:language><dc:identifier>");
    buf_html(&b, p->url, strlen(p->url));
    buf_printf(&b,
               "</dc:identifier>\n<xmp:CreatorTool>Gradus</xmp:CreatorTool>"
               "<xmp:CreateDate>%s</xmp:CreateDate>"
               "<xmp:ModifyDate>%s</xmp:ModifyDate></rdf:Description></rdf:RDF></x:xmpmeta>\n"
               "<?xpacket end=\"r\"?>",
               time_iso(a, p->issued_ms), time_iso(a, p->issued_ms));
    qpdf_oh stream = new_stream(q, buf_text(&b)), dict = qpdf_oh_get_dict(q, stream);
    put_name(q, dict, "/Type", "/Metadata");
    put_name(q, dict, "/Subtype", "/XML");
    qpdf_oh_replace_key(q, qpdf_get_root(q), "/Metadata", stream);
}

/* The number of the piece that a structure element holds directly; -1 when it holds other elements.
 */
static int piece_of(qpdf_data q, qpdf_oh element) {
    qpdf_oh kid = qpdf_oh_get_key(q, element, "/K");
    if (qpdf_oh_is_array(q, kid) && qpdf_oh_get_array_n_items(q, kid) > 0) {
        int last = qpdf_oh_get_array_n_items(q, kid) -
                   1; /* a link: the annotation comes before its text */
        kid = qpdf_oh_get_array_item(q, kid, last);
    }
    if (qpdf_oh_is_dictionary(q, kid)) kid = qpdf_oh_get_key(q, kid, "/MCID");
    return qpdf_oh_is_integer(q, kid) ? qpdf_oh_get_int_value_as_int(q, kid) : -1;
}

/* Gives each structure element its text, for programs that read by structure: the QR code is the
 * only picture, and gets `picture`. */
static void describe(qpdf_data q, qpdf_oh element, const struct cert_pieces *pieces,
                     const char *picture, int depth) {
    if (depth == STRUCTURE_DEPTH) return;
    if (qpdf_oh_is_array(q, element)) {
        for (int i = 0, n = qpdf_oh_get_array_n_items(q, element); i < n; i++)
            describe(q, qpdf_oh_get_array_item(q, element, i), pieces, picture, depth + 1);
        return;
    }
    if (!qpdf_oh_is_dictionary(q, element) || !qpdf_oh_has_key(q, element, "/S")) {
        if (qpdf_oh_is_dictionary(q, element)) /* the root */
            describe(q, qpdf_oh_get_key(q, element, "/K"), pieces, picture, depth + 1);
        return;
    }
    int i = piece_of(q, element);
    if (qpdf_oh_is_name_and_equals(q, qpdf_oh_get_key(q, element, "/S"), "/Figure"))
        put_text(q, element, "/Alt", picture);
    else if (i >= 0 && i < pieces->count && pieces->text[i])
        put_text(q, element, "/ActualText", pieces->text[i]);
    else describe(q, qpdf_oh_get_key(q, element, "/K"), pieces, picture, depth + 1);
}

/* A text as a PDF hex string in UTF-16 (ISO 32000-1, 7.9.2.2). */
static void add_hex_text(struct buf *b, const char *text) {
    buf_puts(b, "<feff");
    for (size_t len = strlen(text), n; len > 0; text += n, len -= n) {
        const unsigned char *u = (const unsigned char *)text;
        n = utf8_length_at(text, len);
        uint32_t c = n == 1   ? u[0]
                     : n == 2 ? (u[0] & 31u) << 6 | (u[1] & 63u)
                     : n == 3 ? (u[0] & 15u) << 12 | (u[1] & 63u) << 6 | (u[2] & 63u)
                     : n == 4
                         ? (u[0] & 7u) << 18 | (u[1] & 63u) << 12 | (u[2] & 63u) << 6 | (u[3] & 63u)
                         : 0xfffd;
        if (n == 0) n = 1;
        if (c < 0x10000) buf_printf(b, "%04x", (unsigned)c);
        else
            buf_printf(b, "%04x%04x", (unsigned)(0xd800 + ((c - 0x10000) >> 10)),
                       (unsigned)(0xdc00 + (c & 0x3ff)));
    }
    buf_puts(b, ">");
}

/* Gives each numbered piece of the page its text, in a span inside it (/ActualText, ISO
 * 32000-1, 14.9.4): glyphs alone lose the place of Thai marks and the space at a line's end.
 * cairo's own spans inside a piece go: programs that know only one level would end the text at the
 * first of them. Pieces with text from right to left stay as they are, since widespread programs
 * turn a span's letters around. cairo writes these operators on lines of their own. */
static void add_texts(struct buf *out, const char *content, const struct cert_pieces *pieces) {
    static const char own_span[] = "/Span <<", numbered[] = "<< /MCID ", open[] = " BDC\n",
                      close[] = "EMC\n";
    bool in_piece = false;
    int dropped = 0; /* spans of cairo's that are open */
    while (*content) {
        const char *newline = strchr(content, '\n'),
                   *end = newline ? newline + 1 : content + strlen(content);
        const char *number = strstr(content, numbered), *begun = strstr(content, open);
        if (in_piece && str_has_prefix(content, own_span) && begun) {
            content = begun + sizeof open - 1;
            dropped++;
            continue;
        }
        if (in_piece && str_has_prefix(content, close)) {
            content += sizeof close - 1;
            if (dropped) {
                dropped--;
                continue;
            }
            buf_puts(out, "EMC\nEMC\n");
            in_piece = false;
            continue;
        }
        buf_add(out, content, (size_t)(end - content));
        if (*content == '/' && number && number < end) {
            long i = strtol(number + sizeof numbered - 1, NULL, 10);
            in_piece = i >= 0 && i < pieces->count && pieces->text[i] &&
                       !draw_is_backward(pieces->text[i]);
            if (in_piece) {
                buf_puts(out, "/Span << /ActualText ");
                add_hex_text(out, pieces->text[i]);
                buf_puts(out, " >> BDC\n");
            }
        }
        content = end;
    }
}

static enum err rewrite_content(qpdf_data q, struct arena *a, const struct cert_pieces *pieces) {
    qpdf_oh page = qpdf_get_page_n(q, 0);
    unsigned char *bytes = NULL;
    size_t len = 0;
    if (qpdf_oh_get_page_content_data(q, page, &bytes, &len) & QPDF_ERRORS) return ERR_IO;
    arena_defer(a, free, bytes);
    struct buf b;
    buf_init(&b, a);
    add_texts(&b, arena_copy(a, (const char *)bytes, len), pieces);
    uLongf packed_len = compressBound(b.len);
    unsigned char *packed = arena_alloc(a, packed_len);
    if (compress2(packed, &packed_len, (const unsigned char *)b.data, b.len, 9) != Z_OK)
        return ERR_IO;
    qpdf_oh stream = qpdf_oh_new_stream(q);
    qpdf_oh_replace_stream_data(q, stream, packed, packed_len, name_of(q, "/FlateDecode"),
                                qpdf_oh_new_null(q));
    qpdf_oh_replace_key(q, page, "/Contents", stream);
    return OK;
}

enum err cert_pdf_finish(struct arena *a, const struct cert_paper *p,
                         const struct cert_pieces *pieces, const unsigned char *drawn,
                         size_t drawn_len, unsigned char **out, size_t *len) {
    qpdf_data q = open_pdf(a, drawn, drawn_len);
    if (!q || rewrite_content(q, a, pieces) != OK) return ERR_IO;
    qpdf_oh root = qpdf_get_root(q);
    put_text(q, root, "/Lang", p->language);
    qpdf_oh_replace_key(q, get_or_make(q, root, "/ViewerPreferences"), "/DisplayDocTitle",
                        qpdf_oh_new_bool(q, QPDF_TRUE));
    describe(q, qpdf_oh_get_key(q, root, "/StructTreeRoot"), pieces,
             arena_printf(a, "%s %s", p->url_line, p->url), 0);
    add_metadata(q, a, p);
    attach(q, a, p);
    if (qpdf_init_write_memory(q) & QPDF_ERRORS) return ERR_IO;
    qpdf_set_deterministic_ID(q, QPDF_TRUE);
    qpdf_set_stream_data_mode(q, qpdf_s_preserve);
    qpdf_set_minimum_pdf_version(q, "1.7");
    if ((qpdf_write(q) & QPDF_ERRORS) || qpdf_has_error(q)) return ERR_IO;
    *len = qpdf_get_buffer_length(q);
    *out = (unsigned char *)arena_copy(a, (const char *)qpdf_get_buffer(q), *len);
    return OK;
}
