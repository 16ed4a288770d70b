// SPDX-License-Identifier: Apache-2.0
package fhirtrial;

/**
 * What the library refused. The subclass says what the caller can do about it; {@link #outcome} is the text of an
 * OperationOutcome for people, or empty. Unchecked, because the scripts of an engine have no checked exceptions.
 */
public abstract class FhirtrialException extends RuntimeException {
    private static final long serialVersionUID = 1L;
    private final int code;
    private final String outcome;

    private FhirtrialException(int code, String text, String outcome) {
        super(text);
        this.code = code;
        this.outcome = outcome;
    }

    /** The number of fhirtrial.h. */
    public int code() {
        return code;
    }

    /** An OperationOutcome as JSON, or "". */
    public String outcome() {
        return outcome;
    }

    /** Whether the same bytes should be sent again, later. */
    public boolean isRetry() {
        return this instanceof RetryLater;
    }

    /** These bytes must never be sent again: dead letter. */
    public static final class Rejected extends FhirtrialException {
        private static final long serialVersionUID = 1L;

        Rejected(int code, String text, String outcome) {
            super(code, text, outcome);
        }
    }

    /** Nothing was stored: the same bytes again, later, with a growing pause. */
    public static final class RetryLater extends FhirtrialException {
        private static final long serialVersionUID = 1L;

        RetryLater(int code, String text, String outcome) {
            super(code, text, outcome);
        }
    }

    /** Configuration, mappings or store: the outcome has file, line and remedy. */
    public static final class WrongConfiguration extends FhirtrialException {
        private static final long serialVersionUID = 1L;

        WrongConfiguration(int code, String text, String outcome) {
            super(code, text, outcome);
        }
    }

    /** An endpoint or token server refuses this site; messages wait in the outbox. */
    public static final class NotAuthorised extends FhirtrialException {
        private static final long serialVersionUID = 1L;

        NotAuthorised(int code, String text, String outcome) {
            super(code, text, outcome);
        }
    }

    /** The call was wrong, or its handle is closed: mend the program. */
    public static final class Misuse extends FhirtrialException {
        private static final long serialVersionUID = 1L;

        Misuse(int code, String text, String outcome) {
            super(code, text, outcome);
        }
    }

    /** The store is damaged, or the library is at fault: stop and alarm. Nothing was stored. */
    public static final class Defect extends FhirtrialException {
        private static final long serialVersionUID = 1L;

        Defect(int code, String text, String outcome) {
            super(code, text, outcome);
        }
    }

    static FhirtrialException of(int code, String text, String outcome) {
        switch (code) {
            case Fhirtrial.E_PARSE:
            case Fhirtrial.E_REJECT:
                return new Rejected(code, text, outcome);
            case Fhirtrial.E_RETRY:
            case Fhirtrial.E_FULL:
            case Fhirtrial.E_NOMEM:
                return new RetryLater(code, text, outcome);
            case Fhirtrial.E_CONFIG:
                return new WrongConfiguration(code, text, outcome);
            case Fhirtrial.E_AUTH:
                return new NotAuthorised(code, text, outcome);
            case Fhirtrial.E_INTERNAL:
                return new Defect(code, text, outcome);
            default:
                return new Misuse(code, text, outcome);
        }
    }
}
