/* The people of the demo academy. They are fictional, their names are in five scripts, and each is
 * at another point of the programme. */
#include "server/demo.h"

const struct demo_person demo_staff[] = {
    {"admin", "Ingrid Solheim", ROLE_ADMIN},
    {"instructor", "Marta Kowalczyk", ROLE_INSTRUCTOR},
    {"assessor", "Daniel Okafor", ROLE_ASSESSOR},
    {"assessor2", "Hélène Marchand", ROLE_ASSESSOR},
    /* Teaches and assesses: refused where she has taught. */
    {"lucia", "Lucía Ferrer", ROLE_INSTRUCTOR | ROLE_ASSESSOR},
};
const size_t demo_staff_count = COUNT_OF(demo_staff);

/* How far each one is. Days are before today. */
const struct demo_learner demo_learners[] = {
    /* login, name, joined, modules done, exam, lab, certification */
    {"learner", "Amira Nilsson", 24, 3, EXAM_NONE, LAB_NONE, CERT_NONE},
    {"somchai", "สมชาย วงศ์สวัสดิ์", 120, 11, EXAM_PASSED, LAB_PASSED, CERT_GRANTED},
    {"layla", "ليلى حداد", 96, 11, EXAM_PASSED, LAB_PASSED, CERT_APPLIED},
    {"oleksandr", "Олександр Ткаченко", 140, 11, EXAM_PASSED, LAB_PASSED, CERT_REVOKED},
    {"eleni", "Ελένη Παπαδάκη", 60, 11, EXAM_RUNNING, LAB_NONE, CERT_NONE},
    {"zofia", "Zofia Wiśniewska", 110, 11, EXAM_PASSED, LAB_PASSED, CERT_GRANTED},
    {"mateo", "Mateo Herrera Ruiz", 100, 11, EXAM_PASSED, LAB_PASSED, CERT_GRANTED},
    {"priya", "Priya Raman", 92, 11, EXAM_PASSED, LAB_STARTED, CERT_NONE},
    {"jonas", "Jonas Lindqvist", 88, 11, EXAM_FAILED, LAB_PASSED, CERT_NONE},
    {"nattaya", "ณัฐยา ศรีสุวรรณ", 85, 11, EXAM_PASSED, LAB_PASSED, CERT_APPLIED},
    {"yusuf", "يوسف المصري", 82, 10, EXAM_NONE, LAB_STARTED, CERT_NONE},
    {"katya", "Екатерина Волкова", 80, 11, EXAM_FAILED_THEN_PASSED, LAB_PASSED, CERT_GRANTED},
    {"dimitris", "Δημήτρης Αλεξίου", 78, 9, EXAM_NONE, LAB_NONE, CERT_NONE},
    {"chloe", "Chloé Dubois", 75, 11, EXAM_PASSED, LAB_NONE, CERT_NONE},
    {"kwame", "Kwame Mensah", 73, 8, EXAM_NONE, LAB_STARTED, CERT_NONE},
    {"hanna", "Hanna Virtanen", 70, 11, EXAM_PASSED, LAB_PASSED, CERT_REFUSED},
    {"arthit", "อาทิตย์ ใจดี", 66, 7, EXAM_NONE, LAB_NONE, CERT_NONE},
    {"fatima", "فاطمة الزهراء بن علي", 64, 11, EXAM_FAILED, LAB_STARTED, CERT_NONE},
    {"bogdan", "Богдан Мельник", 62, 6, EXAM_NONE, LAB_NONE, CERT_NONE},
    {"ines", "Inês Carvalho", 58, 11, EXAM_PASSED, LAB_STARTED, CERT_NONE},
    {"tomasz", "Tomasz Żeleński", 55, 5, EXAM_NONE, LAB_NONE, CERT_NONE},
    {"grace", "Grace O’Connell", 52, 11, EXAM_NONE, LAB_NONE, CERT_NONE},
    {"rashid", "راشد العتيبي", 48, 4, EXAM_NONE, LAB_NONE, CERT_NONE},
    {"wanida", "วนิดา แก้วมณี", 44, 3, EXAM_NONE, LAB_NONE, CERT_NONE},
    {"noah", "Noah van den Berg", 40, 2, EXAM_NONE, LAB_NONE, CERT_NONE},
    {"sofia", "София Димитрова", 36, 6, EXAM_NONE, LAB_NONE, CERT_NONE},
    {"leo", "Leo Marchetti", 30, 2, EXAM_NONE, LAB_NONE, CERT_NONE},
    {"thalia", "Θάλεια Κωνσταντίνου", 21, 1, EXAM_NONE, LAB_NONE, CERT_NONE},
    {"emeka", "Emeka Nwosu", 14, 1, EXAM_NONE, LAB_NONE, CERT_NONE},
    {"anja", "Anja Petrović", 6, 0, EXAM_NONE, LAB_NONE, CERT_NONE},
};
const size_t demo_learner_count = COUNT_OF(demo_learners);
