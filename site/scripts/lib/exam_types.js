// What a candidate does with a question, by the face of its type (engine/exam/exam_type.h). Each takes the question's form,
// `choose(response)`, which saves an answer, and `typed(text, why)`, which keeps what stands in a field (`why`: it was refused
// before, for this reason), and gives back:
//   show(response)     shows an answer that came from elsewhere
//   accepted(response) (may be missing) the server has saved the answer, and reads it as this
//   surplus(response)  (may be missing) 0: an answer gives what is asked for; below 0 less, above 0 more
//   refused(response, why, before) (may be missing) the server did not take the answer; `before` counts, '' for none
//   restore(text, why, before) (with refused) shows what was typed before the page was left; `why`: '' when it was not sent yet
//   settle()           (may be missing) saves what stands in a field and is not saved yet
//   doubtful()         (with settle) whether the server may refuse what stands there
//   holds()            (with refused) whether what stands there was refused
//   focus()            (with refused) to the field that was refused
//   picks              (may be missing) inputs that the keys 1 to 9 and a to i choose
import { choice } from './exam_type_choice.js';
import { numeric } from './exam_type_numeric.js';
import { ordering } from './exam_type_ordering.js';

export const types = { choice, numeric, ordering };
