<?php
// A payments API for `php -S`: the first part of the path says what it answers; `echo` shows what was sent.

declare(strict_types=1);

$id = '0123456789ABCDEFGHJK';
$kind = explode('/', $_SERVER['REQUEST_URI'])[1];
$page = "https://pay.example/v1/pay/$id?s=x";
$payment = ['id' => $id, 'status' => 'pending', 'checkoutUrl' => $page, 'statusReason' => null];
$wrong = [['field' => 'amount', 'message' => 'must be above zero']];
$sent = base64_encode(json_encode([
    'body' => json_decode(file_get_contents('php://input'), true),
    'raw' => file_get_contents('php://input'),
    'headers' => array_change_key_case(getallheaders()),
]));
$ended = ['checkoutUrl' => null] + $payment;
$answers = [
    'pending' => [201, $payment],
    'echo' => [201, ['checkoutUrl' => "https://pay.example/$sent"] + $payment],
    'paid' => [200, ['status' => 'paid'] + $payment],
    'unknown' => [202, ['status' => 'start_unknown', 'statusReason' => 'start-outcome-unknown'] + $ended],
    'unresolved' => [200, ['status' => 'expired', 'statusReason' => 'unresolved'] + $payment],
    'expired' => [200, ['status' => 'expired', 'statusReason' => 'elsom-2'] + $payment],
    'failed' => [200, ['status' => 'failed', 'statusReason' => 'elsom-refused'] + $ended],
    'created' => [200, ['status' => 'created'] + $ended],
    'refused' => [422, ['name' => 'elsom-refused', 'paymentId' => $id, 'elsomErrorCode' => '17']],
    'reused' => [422, ['name' => 'idempotency-key-reused']],
    'invalid' => [400, ['name' => 'invalid-request', 'errors' => $wrong]],
    'not-configured' => [503, ['name' => 'not-configured']],
    'try-again' => [503, ['name' => 'try-again']],
    'forbidden' => [403, ['name' => 'gateway']],
    'newer' => [418, ['name' => 'tea', 'detail' => 'No coffee.']],
];
[$status, $body] = $answers[$kind];
http_response_code($status);
if ($status >= 500) {
    // Longer than any deadline: the client gives up at once.
    header('Retry-After: 3600');
}
if ($status >= 400) {
    $body['type'] = "urn:elsom-payments:problem:{$body['name']}";
}
header('Content-Type: application/json');
echo json_encode($body);
