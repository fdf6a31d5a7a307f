// What a candidate does with a question, by the face of its type (engine/exam/exam_type.h). Each takes the question's form and
// `choose(response)`, which saves an answer, and gives back:
//   show(response)     shows an answer that came from elsewhere
//   accepted(response) (may be missing) the server has saved the answer, and reads it as this
//   picks              (may be missing) inputs that the keys 1 to 9 and a to i choose
import { choice } from './exam_type_choice.js';
import { numeric } from './exam_type_numeric.js';
import { ordering } from './exam_type_ordering.js';

export const types = { choice, numeric, ordering };
