"""Who is to be resident where: observed demand, the state of machines, and what planning says."""
