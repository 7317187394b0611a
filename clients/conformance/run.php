<?php
// One call of the PHP client for each line of JSON read; one line of JSON written for each.
// Argument: the client's folder.

declare(strict_types=1);

require $argv[1] . '/ElsomPayments.php';

/** Make the call that a line describes. */
function called(array $line)
{
    $arguments = $line['arguments'];
    if ($line['call'] === 'verifyWebhook') {
        ['body' => $body, 'headers' => $headers, 'secrets' => $secrets] = $arguments;
        return ElsomPayments::verifyWebhook($body, $headers, $secrets, $arguments['now'] ?? null);
    }
    $api = new ElsomPayments($line['client']);
    switch ($line['call']) {
        case 'start':
            $more = array_diff_key($arguments, ['amount' => 1, 'orderId' => 1, 'idempotencyKey' => 1]);
            return $api->start($arguments['amount'], $arguments['orderId'], $arguments['idempotencyKey'], $more);
        case 'list':
            $found = [];
            foreach ($api->list($arguments) as $payment) {
                $found[] = $payment;
            }
            return $found;
        default:
            return $api->{$line['call']}($arguments['id']);
    }
}

function raised(Throwable $error): array
{
    $class = substr(strrchr('\\' . get_class($error), '\\'), 1);
    $names = array_flip(['status', 'name', 'fields', 'paymentId', 'elsomErrorCode']);
    return ['class' => $class, 'text' => $error->getMessage()] + array_intersect_key(get_object_vars($error), $names);
}

while (($text = fgets(STDIN)) !== false) {
    try {
        $result = ['returned' => called(json_decode($text, true, 512, JSON_THROW_ON_ERROR))];
    } catch (Throwable $error) {
        $result = ['raised' => raised($error)];
    }
    echo json_encode($result, JSON_THROW_ON_ERROR | JSON_UNESCAPED_UNICODE), "\n";
}
