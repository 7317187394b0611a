<?php
/**
 * In the place of the class ElsomPHPWebCall that Elsom's own document hands out: same name, same method, same array.
 *
 * Needs ElsomPayments.php beside it, and its settings in the environment: ELSOM_API_URL, AWS_REGION,
 * AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY. MIT licence.
 */

declare(strict_types=1);

use ElsomPayments\ApiError;
use ElsomPayments\ApiUnreachable;
use ElsomPayments\ElsomRefused;
use ElsomPayments\GatewayError;
use ElsomPayments\IdempotencyKeyReused;
use ElsomPayments\InvalidRequest;
use ElsomPayments\NotConfigured;

require_once __DIR__ . '/ElsomPayments.php';

class ElsomPHPWebCall
{
    // PHP's own limit is often 30 seconds: an answer must come before that.
    private const SECONDS = 24;

    /**
     * Start the payment, or find the one that this PartnerTrnID has already started.
     *
     * Takes the document's ten keys; `Password`, `PartnerCode` and `PmSISDN` are not used, since the stack has its
     * own. Returns `["success", URL]` with the page to send the customer to, or `["error", message]`; throws nothing.
     */
    public function iaUnit(array $input): array
    {
        $transaction = self::text($input, 'PartnerTrnID');
        if ($transaction === '') {
            return ['error', 'PartnerTrnID is missing.'];
        }
        if (!is_string($input['Amount'] ?? null) && !is_int($input['Amount'] ?? null)) {
            return ['error', 'Amount is a decimal string such as "1500.00", never a float.'];
        }
        try {
            $api = new ElsomPayments(['deadlineSeconds' => self::SECONDS]);
            $order = self::text($input, 'ChequeNo');
            $payment = $api->start(
                (string) $input['Amount'],
                $order !== '' ? $order : $transaction,
                // ASCII whatever the id holds; most ids stay as they are.
                rawurlencode($transaction),
                self::more($input)
            );
        } catch (\Throwable $error) {
            return ['error', self::message($error, $transaction)];
        }
        return self::result($payment, $transaction);
    }

    /** The optional fields of the API's request. */
    private static function more(array $input): array
    {
        $wallet = self::text($input, 'MSISDN');
        $language = strtolower(substr(self::text($input, 'CultureInfo'), 0, 2));
        $more = [
            'customerMsisdn' => $wallet === '0' ? '' : $wallet,
            'language' => in_array($language, ['ky', 'en'], true) ? $language : 'ru',
            'cashierNo' => self::text($input, 'CashierNo'),
            'description' => self::text($input, 'UDF'),
        ];
        return array_filter($more, static fn (string $value): bool => $value !== '');
    }

    private static function result(array $payment, string $transaction): array
    {
        $status = $payment['status'] ?? '';
        $url = $payment['checkoutUrl'] ?? null;
        // A paid one too: its page says so, and nobody pays again.
        if (is_string($url) && in_array($status, ['pending', 'paid'], true)) {
            return ['success', $url];
        }
        if ($status === 'start_unknown' || ($payment['statusReason'] ?? '') === 'unresolved') {
            return ['error', self::unknown($transaction)];
        }
        if ($status === 'created') {
            return ['error', "Elsom could not be reached. Call again with PartnerTrnID $transaction."];
        }
        if ($status === 'paid') {
            return ['error', "Payment $transaction is paid already. Start nothing new for this order."];
        }
        return ['error', "Payment $transaction has ended ($status). A new attempt needs a new PartnerTrnID."];
    }

    private static function message(\Throwable $error, string $transaction): string
    {
        if ($error instanceof ApiUnreachable) {
            return self::unknown($transaction);
        }
        if ($error instanceof ElsomRefused) {
            $code = $error->elsomErrorCode;
            return "Elsom refused payment $transaction with error code $code. A new attempt needs a new PartnerTrnID.";
        }
        if ($error instanceof IdempotencyKeyReused) {
            return "PartnerTrnID $transaction was used for another payment. A new payment needs a new PartnerTrnID.";
        }
        if ($error instanceof InvalidRequest) {
            $wrong = [];
            foreach ($error->fields as $field => $text) {
                $wrong[] = "$field: $text";
            }
            return 'The request is not valid: ' . implode('; ', $wrong) . '.';
        }
        if ($error instanceof NotConfigured) {
            return 'The payments stack is not set up: its secret is not filled in.';
        }
        if ($error instanceof GatewayError && $error->status === 403) {
            return 'The payments API refused the call: are the AWS keys right, and may they call it?';
        }
        if ($error instanceof ApiError && ($error->status === 409 || $error->status === 429 || $error->status >= 500)) {
            return "Payment $transaction is not started ({$error->name}). Call again with the same PartnerTrnID.";
        }
        return 'The payment could not be started: ' . $error->getMessage();
    }

    private static function unknown(string $transaction): string
    {
        return "It is not known whether Elsom started payment $transaction: the customer may be able to pay it."
            . ' Start nothing new for this order. Call again with the same PartnerTrnID, or wait for the webhook.';
    }

    private static function text(array $input, string $name): string
    {
        $value = $input[$name] ?? '';
        return is_string($value) || is_int($value) ? (string) $value : '';
    }
}
