<?php
/**
 * A shop with one thing to buy: php -S 127.0.0.1:8000 index.php
 *
 * Environment: ELSOM_API_URL, AWS_REGION, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY as for the client, WEBHOOK_SECRETS
 * (whsec_..., several with commas between), and ORDERS_FILE. The stack's ShopWebhookUrl is this page's /webhook.
 */

declare(strict_types=1);

require __DIR__ . '/../ElsomPayments.php';
require __DIR__ . '/orders.php';

const PRICE = '1500.00';

$orders = new Orders(getenv('ORDERS_FILE') ?: sys_get_temp_dir() . '/elsom-example-orders.json');
$path = parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH);

switch ($_SERVER['REQUEST_METHOD'] . ' ' . $path) {
    case 'GET /':
        // The order has its number before the form is sent: a double click is one order, and one payment.
        $id = 'P-' . bin2hex(random_bytes(4));
        page("<h1>Ak kalpak, felt hat</h1><form method='post' action='/buy'>"
            . "<input type='hidden' name='order' value='$id'>"
            . '<button>Pay ' . PRICE . ' som with Elsom</button></form>');
        break;
    case 'POST /buy':
        buy($orders, (string) ($_POST['order'] ?? ''));
        break;
    case 'POST /webhook':
        webhook($orders);
        break;
    case 'GET /order':
        show($orders->find((string) ($_GET['id'] ?? '')));
        break;
    default:
        page('Not found', 404);
}

/** Start the payment and send the customer to its page. */
function buy(Orders $orders, string $id): void
{
    if (!preg_match('/^P-[0-9a-f]{8}$/D', $id)) {
        page('No such order', 404);
        return;
    }
    $order = $orders->add($id, PRICE);
    try {
        $payment = (new ElsomPayments(['deadlineSeconds' => 25]))->start($order['amount'], $id, "order-$id");
    } catch (ElsomPayments\ElsomRefused $error) {
        page('Elsom refused the payment. Try another way to pay.', 422);
        return;
    } catch (ElsomPayments\ElsomPaymentsError $error) {
        // The same form sent again has the same key: it can never be charged twice.
        error_log('payment ' . $id . ': ' . $error->getMessage());
        page('The payment could not be started. Send the form again.', 503);
        return;
    }
    if ($payment['checkoutUrl'] === null) {
        page('Please wait: it is not known yet whether the payment began. Do not pay again.', 202);
        return;
    }
    header('Location: ' . $payment['checkoutUrl'], true, 303);
}

/** Take in what the stack reports. Only this makes an order paid, never the customer's return. */
function webhook(Orders $orders): void
{
    try {
        $secrets = explode(',', (string) getenv('WEBHOOK_SECRETS'));
        $event = ElsomPayments::verifyWebhook(file_get_contents('php://input'), getallheaders(), $secrets);
    } catch (ElsomPayments\WrongSignature $error) {
        http_response_code(401);
        return;
    }
    $orders->apply($event);
    http_response_code(204);
}

function show(?array $order): void
{
    if ($order === null) {
        page('No such order', 404);
        return;
    }
    page("<h1>Order {$order['id']}</h1><p data-status='{$order['status']}' data-delivered='{$order['delivered']}'>"
        . "{$order['status']}</p>");
}

function page(string $body, int $status = 200): void
{
    http_response_code($status);
    header('Content-Type: text/html; charset=utf-8');
    echo "<!doctype html><html lang='en'><title>Shop</title><body>$body</body></html>";
}
