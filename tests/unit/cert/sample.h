/* One imaginary certificate for the tests of this room. */
#ifndef TESTS_CERT_SAMPLE_H
#define TESTS_CERT_SAMPLE_H

#include "cert/cert_credential.h"
#include "cert/cert_paper.h"

#define SAMPLE_ORIGIN "https://academy.example"
#define SAMPLE_DID "did:web:academy.example"
#define SAMPLE_NUMBER "GR-2026-K7MQ2XWD"
#define SAMPLE_LIST SAMPLE_ORIGIN "/status/1"
#define SAMPLE_INDEX 94567u
#define SAMPLE_FROM_MS 1795320651000LL  /* 2026-11-22T04:10:51Z */
#define SAMPLE_UNTIL_MS 1890015051000LL /* 2029-11-22T04:10:51Z */

static const struct cert_evidence sample_evidence[] = {
    {"modules", NULL, "Modules of the level", "All 11 modules were completed.", false},
    {"exam", "mops-associate", "Associate exam",
     "Passed on 20 November 2026 under supervision of the server's clock.", true},
    {"lab", "field-mapping-dedupe", "Field mapping and deduplication",
     "Every check of the scenario was passed.\nTab\there, \"quotes\" and a back\\slash.", true},
};

static inline struct cert_credential_facts sample_facts(const char *name) {
    return (struct cert_credential_facts){
        .origin = SAMPLE_ORIGIN,
        .did = SAMPLE_DID,
        .number = SAMPLE_NUMBER,
        .version = 1,
        .holder_name = name,
        .email = "Ada.Example@academy.example",
        .salt = "f3mXqk0cT1yq",
        .body = "Gradus Academy",
        .scheme_version = "2026.1",
        .programme_id = "mops",
        .programme_title = "Marketing Operations",
        .level_id = "associate",
        .level_title = "Associate",
        .level_summary =
            "Knows the work, its words and its rules, and has mapped and cleaned data in a working stack.",
        .scope =
            "The holder may claim to know the concepts of marketing operations across all six domains.",
        .criteria =
            "Granted by an independent decision when all of this was met:\n\n- 11 modules\n- 1 exam\n- 1 lab",
        .decider_name = "Noor Haddad",
        .awarded_ms = SAMPLE_FROM_MS,
        .valid_from_ms = SAMPLE_FROM_MS,
        .valid_until_ms = SAMPLE_UNTIL_MS,
        .status_list = SAMPLE_LIST,
        .status_purpose = "suspension",
        .status_index = SAMPLE_INDEX,
        .evidence = sample_evidence,
        .evidence_count = COUNT_OF(sample_evidence),
    };
}

static inline struct cert_paper sample_paper(const char *name, const char *credential) {
    return (struct cert_paper){
        .language = "en",
        .body = "Gradus Academy",
        .heading = "Certificate",
        .holder = name,
        .holder_line = "This certifies that",
        .title = "Marketing Operations: Associate",
        .title_line = "has met every requirement of the level",
        .scope =
            "The holder may claim to know the concepts of marketing operations across all six domains and to have "
            "shown basic data work in a simulated stack, under guidance. The holder may not claim experience in "
            "practice, the ability to run a stack alone, or mastery of any product.",
        .number = SAMPLE_NUMBER,
        .number_label = "Certificate number",
        .facts = {{"Issued", "22 November 2026"},
                  {"Valid until", "22 November 2029"},
                  {"Scheme", "Marketing Operations 2026.1"}},
        .signatory = "Noor Haddad",
        .signatory_label = "Decided independently by",
        .url = SAMPLE_ORIGIN "/certificates/" SAMPLE_NUMBER,
        .url_line = "Valid unless revoked or suspended. Check its state today:",
        .programme = "Marketing Operations",
        .level = "Associate",
        .step = 1,
        .steps = 4,
        .issued_ms = SAMPLE_FROM_MS,
        .credential = credential,
    };
}

#endif
